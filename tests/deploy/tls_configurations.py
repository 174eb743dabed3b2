"""Configurations of servers with TLS, and the certificate of each port that is found in them."""

from typing import NamedTuple

FOLDER = "/etc/certificates"  # first.pem ends first, later.pem later; last.d has both; unread.pem is not there
NGINX, APACHE, HAPROXY = "etc/nginx/nginx.conf", "etc/apache2/apache2.conf", "etc/haproxy/haproxy.cfg"
POSTGRESQL = "etc/postgresql/15/main/postgresql.conf"
HAPROXY_TOP = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\nfrontend shop\n"

Found = dict[int, str]


class Case(NamedTuple):
    """Files of a server, the certificate of each port, and what is said on standard error."""

    files: dict[str, str]
    found: Found
    said: str = ""


def nginx(text: str, found: Found, said: str = "", **others: str) -> Case:
    """Return a configuration of nginx with a server whose block has this text, and other files."""
    return nginx_http(f"server {{ {text} }}", found, said, **others)


def nginx_http(text: str, found: Found, said: str = "", **others: str) -> Case:
    files = {f"etc/nginx/{name.replace('__', '/')}.conf": other for name, other in others.items()}
    return Case({NGINX: f"events {{ }} http {{ {text} }}", **files}, found, said)


def haproxy(text: str, found: Found, said: str = "", **others: str) -> Case:
    files = {f"etc/haproxy/{name}": other for name, other in others.items()}
    return Case({HAPROXY: HAPROXY_TOP + text + "\n", **files}, found, said)


FIRST, LATER = f"ssl_certificate {FOLDER}/first.pem;", f"ssl_certificate {FOLDER}/later.pem;"
NGINX_CASES = {
    "two servers of a port": nginx_http(
        f"server {{ listen 4443 ssl; {LATER} }} server {{ listen [::]:4443 ssl http2; listen 8443 ssl; {FIRST} }}",
        {4443: "first", 8443: "first"},
    ),
    "an included file in a server": nginx(
        "listen 4443 ssl; include snippets/first.conf;", {4443: "first"}, snippets__first=FIRST
    ),
    "inheritance by included servers": nginx_http(
        f"include shops/*.conf; {FIRST}",
        {4443: "first", 4444: "later"},
        shops__a=f"server {{ listen 4443 ssl; }} server {{ listen 4444 ssl; {LATER} }}",
    ),
    "included virtual hosts": nginx_http(
        "include vhosts/*.conf;", {4443: "first"}, vhosts__shop=f"server {{ listen 4443 ssl; {FIRST} }}"
    ),
    "a socket without a port": nginx(
        f"listen unix:/tmp/servicemap-none.sock ssl; listen 4443 ssl; {FIRST}", {4443: "first"}
    ),
    "an address without a port": nginx(f"listen 127.0.0.9 ssl; {FIRST}", {80: "first"}),
    "a range of ports": nginx(
        f"listen 127.0.0.1:4443-4445 ssl; {FIRST}", {4443: "first", 4444: "first", 4445: "first"}
    ),
    "TLS of an address by another server": nginx_http(
        f"server {{ listen 4443 ssl; {LATER} }} server {{ listen 4443; {FIRST} }}", {4443: "first"}
    ),
    "a port without TLS": nginx(f"listen 8081; {FIRST}", {}),
    "TLS of a whole server": nginx(f"ssl on; listen 4443; {FIRST}", {4443: "first"}),
    "quotes and comments": nginx(
        f"""listen 4443 ssl; # listen 1 ssl; }}
        ssl_certificate "{FOLDER}/first.pem"; location / {{ return 200 "{{;"; }} location ~ "\\.{{2}}'" {{ }}""",
        {4443: "first"},
    ),
    "names of certificates with variables": nginx(
        f"listen 4443 ssl; {LATER} ssl_certificate {FOLDER}/$ssl_server_name.pem;",
        {4443: "later"},
        "$ssl_server_name.pem is left out",
    ),
}
BASE = f"crt {FOLDER}/"
HAPROXY_CASES = {
    "several certificates": haproxy(f"bind :4443 ssl {BASE}later.pem {BASE}first.pem", {4443: "first"}),
    "several addresses": haproxy(
        f"bind 127.0.0.1:4443,[::1]:4444,ipv4@:4445 ssl {BASE}first.pem alpn h2",
        {4443: "first", 4444: "first", 4445: "first"},
    ),
    "a range of ports": haproxy(f"bind :9500-9502 ssl {BASE}first.pem", {9500: "first", 9501: "first", 9502: "first"}),
    "variables": haproxy(
        f'bind "${{ADDR}}:${{PORT}}" ssl {BASE}first.pem\nbind :4443 ssl {BASE}first.pem',
        {4443: "first"},
        "${ADDR}:${PORT} is left out",
    ),
    "a socket without a port": haproxy(
        f"bind /tmp/h:1.sock ssl {BASE}first.pem\nbind abns@a:2 ssl {BASE}first.pem", {}
    ),
    "quotes": haproxy(f'bind ":4443" ssl crt "{FOLDER}/first.pem" # crt later.pem', {4443: "first"}),
    "a folder": haproxy(f"bind :4443 ssl {BASE}last.d", {4443: "last.d/first"}),
    "kinds of keys": haproxy(f"bind :4443 ssl {BASE}kinds.pem", {4443: "kinds.pem.ecdsa"}),
    "a list": haproxy(
        f"bind :4443 ssl crt-list {FOLDER}/../haproxy/list",
        {4443: "first"},
        list=f"# {FOLDER}/none.pem\n\n{FOLDER}/later.pem [alpn h2] *.example\n{FOLDER}/first.pem a.example\n",
    ),
    "a port without TLS": haproxy("bind :8081", {}),
}
APACHE_HOST = f"<VirtualHost *:4443>\nSSLEngine on\nSSLCertificateFile {FOLDER}/first.pem\n</VirtualHost>\n"
APACHE_CASES = {
    "a virtual host": Case({APACHE: f"Listen 4443\nListen 4444\n{APACHE_HOST}"}, {4443: "first"}),
    "included files": Case(
        {
            APACHE: "Listen 80\nIncludeOptional sites-enabled/*.conf\nInclude ports.conf\nIncludeOptional none/*",
            "etc/apache2/ports.conf": "<IfModule ssl_module>\n  Listen [::]:4443\n</IfModule>",
            "etc/apache2/sites-enabled/shop.conf": APACHE_HOST,
        },
        {4443: "first"},
    ),
    "an included folder": Case(
        {
            "etc/httpd/conf/httpd.conf": 'ServerRoot "/etc/httpd"\nListen 4443\nInclude conf.d',
            "etc/httpd/conf.d/below/shop.conf": APACHE_HOST,
        },
        {4443: "first"},
    ),
    "inheritance": Case(
        {
            APACHE: f"Listen 4443\nSSLEngine on\nSSLCertificateFile {FOLDER}/first.pem\nListen 4444\nListen 4445\n"
            f"<VirtualHost *:4443>\n</VirtualHost>\n"
            f"<VirtualHost *:4444>\nSSLCertificateFile {FOLDER}/later.pem\n</VirtualHost>"
        },
        {4443: "first", 4444: "later", 4445: "first"},
    ),
    "addresses, and a host on all ports": Case(
        {
            APACHE: "Listen 127.0.0.1:4443\nListen [::1]:4444 https\nListen 8080\n"
            f'<virtualhost 127.0.0.1 "[::1]:*">\nsslcertificatefile "{FOLDER}/first.pem"\n</virtualhost>'
        },
        {4444: "first"},
    ),
    "the usual port without SSLEngine": Case(
        {
            APACHE: "Listen 443\nListen 80\n"
            f"<VirtualHost *:443 *:80>\nSSLCertificateFile {FOLDER}/first.pem\n</VirtualHost>"
        },
        {443: "first"},
    ),
    "a port that nobody listens on": Case({APACHE: f"Listen 80\n{APACHE_HOST}"}, {}),
    "a host without TLS": Case({APACHE: f"Listen 4443\n{APACHE_HOST.replace('Engine on', 'Engine off')}"}, {}),
    "variables, continued lines and comments": Case(
        {
            APACHE: "Define PORT 4443\nDefine WHERE ${HOME}\n"
            f"Listen \\\n ${{PORT}}\n# Listen 4444\n<VirtualHost *:${{PORT}}>\nSSLEngine on\n"
            f"SSLCertificateFile {FOLDER}/first.pem\nSSLCertificateFile ${{WHERE}}/x.pem\n</VirtualHost>"
        },
        {4443: "first"},
        "${HOME}/x.pem is left out",
    ),
}
SSL_CERT = f"ssl_cert_file = '{FOLDER}/first.pem'\n"
POSTGRESQL_CASES = {
    f"ssl = {on}": Case({POSTGRESQL: f"{SSL_CERT}ssl = {on} # or off"}, {5432: "first"})
    for on in ("on", "ON", "'True'", "yes", "1", "t", "Ye")
} | {
    "ssl = off": Case({POSTGRESQL: f"{SSL_CERT}ssl = off"}, {}),
    "a hexadecimal port": Case({POSTGRESQL: f"{SSL_CERT}ssl on\nport = 0x1540"}, {5440: "first"}),
    "an octal port": Case({POSTGRESQL: f"{SSL_CERT}ssl=on\nPort=012500"}, {5440: "first"}),
    "a file that is wrong beside one that is right": Case(
        {POSTGRESQL: "ssl = on\nport = many", POSTGRESQL.replace("15", "16"): f"{SSL_CERT}ssl = on\nport = 5433"},
        {5433: "first"},
        f"/{POSTGRESQL}: invalid literal",
    ),
    "included files": Case(
        {
            POSTGRESQL: "ssl = off\ninclude 'a.conf'\ninclude_if_exists = 'none.conf'\n"
            "include_dir 'conf.d'\nport = 5433",
            POSTGRESQL.replace("postgresql.conf", "a.conf"): f"{SSL_CERT}port = 1\ninclude 'a.conf'",
            POSTGRESQL.replace("postgresql.conf", "conf.d/b.conf"): "ssl = on",
            POSTGRESQL.replace("postgresql.conf", "conf.d/b.old"): "ssl = off",
        },
        {5433: "first"},
    ),
    "a certificate of the data directory": Case(
        {POSTGRESQL: f"ssl = on\ndata_directory = '{FOLDER}/data'"}, {5432: "data/server.crt"}
    ),
    "a certificate beside the file": Case(
        {"var/lib/pgsql/data/postgresql.conf": "ssl = on\nssl_cert_file = '../../../..//etc/certificates/first.pem'"},
        {5432: "first"},
    ),
    "settings of ALTER SYSTEM": Case(
        {
            POSTGRESQL: f"ssl = off\ndata_directory = '{FOLDER}/data'",
            "etc/certificates/data/postgresql.auto.conf": f"ssl = 'on'\n{SSL_CERT}",
        },
        {5432: "first"},
    ),
}
CASES = {
    f"{server}: {name}": case
    for server, cases in (
        ("nginx", NGINX_CASES),
        ("HAProxy", HAPROXY_CASES),
        ("Apache", APACHE_CASES),
        ("PostgreSQL", POSTGRESQL_CASES),
    )
    for name, case in cases.items()
}
