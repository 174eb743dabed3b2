// Generated from graph/levels.py by `make golden`.

export const LEVEL_NAMES = {
  service: "Services",
  process: "Processes",
  container: "Containers",
  host: "Hosts",
  address: "Addresses",
};
