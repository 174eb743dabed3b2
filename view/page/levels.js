// Generated from graph/levels.py and graph/infrastructure.py by `make golden`.

export const LEVEL_NAMES = {
  service: "Services",
  process: "Processes",
  container: "Containers",
  pod: "Pods",
  namespace: "Namespaces",
  host: "Hosts",
  link: "Switches",
  zone: "Zones",
  region: "Regions",
  address: "Addresses",
};

export const INFRASTRUCTURE = {
  dns: "DNS",
  logs: "log shippers",
  monitoring: "monitoring",
  servicemap: "servicemap itself",
};
