"""Command lines as /proc shows them, and what a person calls the program."""

from typing import NamedTuple


class Case(NamedTuple):
    """A process: its executable's path, its arguments, and the name it is to get."""

    exe: str
    argv: list[str]
    name: str
    comm: str = ""
    cwd: str = ""


def _lines(exe: str, text: str, cwd: str = "") -> list[Case]:
    """Read `arguments -> name` lines; ␣ is a space within an argument."""
    cases = []
    for line in text.strip().splitlines():
        command, _, name = line.rpartition(" -> ")
        argv = [word.replace("␣", " ") for word in command.split()]
        cases.append(Case(exe, argv, name.strip(), cwd=cwd))
    return cases


PYTHON = [
    *_lines(
        "/usr/bin/python3.11",
        """
        python3 /opt/shop/orders.py --port 80 -> orders
        python3 -m http.server 8000 -> http.server
        python3 -mhttp.server 8000 -> http.server
        python3 -um http.server -> http.server
        python3 -Im shop.worker -> shop.worker
        python3 -uBWignore /srv/pay.py -> pay
        python3 -W ignore -X dev /srv/pay.py -> pay
        python3 -Xutf8 -Wdefault -O /srv/pay.py -> pay
        python3 --check-hash-based-pycs never /srv/pay.py -> pay
        python3 -c import␣os;os.fork() shop.py -> python3
        python3 -uc import␣os;os.fork() -> python3
        python3 -ic print(1) /srv/x.py -> python3
        python3 - -> python3
        python3 -> python3
        python3 /srv/shop/main.py -> shop/main
        python3 /srv/shop/src/main.py -> shop/main
        python3 /srv/shop/current/app.py -> shop/app
        python3 /srv/shop/releases/20240312101500/app.py -> shop/app
        python3 /srv/shop-1.4.2/server.py -> shop/server
        python3 /srv/shop/__main__.py -> shop
        python3 -m shop.__main__ -> shop
        python3 -m shop.main -> shop.main
        python3 /home/alice/main.py -> main
        python3 /home/alice/shop/main.py -> shop/main
        python3 /usr/lib/python3/dist-packages/supervisor/__main__.py -> supervisor
        /usr/bin/python3 /usr/bin/supervisord -n -c /etc/supervisord.conf -> supervisord
        /srv/shop/.venv/bin/python /srv/shop/.venv/bin/gunicorn shop.wsgi:app -> gunicorn/shop
        /usr/bin/python3 /usr/bin/gunicorn -w 4 -b 0.0.0.0:8000 shop.wsgi -> gunicorn/shop
        /usr/bin/python3 /usr/bin/gunicorn --bind unix:/run/shop.sock --config /etc/gunicorn.py -> gunicorn
        /usr/bin/python3 /usr/bin/uvicorn shop.api.main:app --host 0.0.0.0 --port 8000 -> uvicorn/shop
        /usr/bin/python3 -m uvicorn --factory cart:create_app -> uvicorn/cart
        /usr/bin/python3 -m gunicorn cart.asgi:application -k uvicorn.workers.UvicornWorker -> gunicorn/cart
        /usr/bin/python3 /usr/bin/hypercorn pay.asgi:app -> hypercorn/pay
        /usr/bin/python3 /usr/bin/celery -A shop worker -l info -> celery
        /usr/bin/python3 -m celery -A shop beat -> celery
        /usr/bin/python3 /usr/bin/flask --app shop run -> flask
        /usr/bin/python3 -m debugpy --listen 5678 /srv/pay.py -> pay
        /usr/bin/python3 -m cProfile -o out /srv/pay.py -> pay
        /usr/bin/python3 /usr/bin/ddtrace-run gunicorn shop.wsgi:app -> gunicorn/shop
        /usr/bin/python3 /usr/bin/opentelemetry-instrument python /srv/pay.py -> pay
        /usr/bin/python3 /usr/bin/newrelic-admin run-program gunicorn shop.wsgi -> gunicorn/shop
        /usr/bin/python3 /usr/bin/streamlit run /srv/board/sales.py --server.port 80 -> sales
        /usr/bin/python3 /usr/bin/odoo -c /etc/odoo/odoo.conf -> odoo
        /usr/bin/python3 -Es /usr/sbin/firewalld --nofork -> firewalld
        /usr/bin/python3 -s /usr/bin/certbot renew -> certbot
        """,
    ),
    Case("/usr/bin/python3.11", ["python", "manage.py", "runserver", "0.0.0.0:8000"], "shop/manage", cwd="/srv/shop"),
    Case("/usr/bin/python3.11", ["python", "manage.py", "runserver"], "manage", cwd="/"),
    Case("/usr/bin/python3.11", ["python", "-m", "main"], "shop/main", cwd="/srv/shop/src"),
    Case("/usr/bin/python3.11", ["python", "-m", "src.main"], "shop/main", cwd="/srv/shop"),
    Case("/usr/bin/python3.11", ["python", "app.py"], "app", cwd="/tmp/tmpx1y2z3"),
    Case("/usr/bin/python3.11", ["/usr/bin/python3", "/usr/bin/uvicorn", "main:app"], "uvicorn/cart", cwd="/srv/cart"),
    Case("/usr/bin/python3.11", ["gunicorn: master [shop.wsgi:app]"], "gunicorn/shop", "gunicorn: maste"),
    Case(
        "/usr/bin/python3.11", ["gunicorn: worker [airflow-webserver]"], "gunicorn/airflow-webserver", "gunicorn: worke"
    ),
    Case("/usr/bin/python3.11", ["[celeryd: celery@web1:ForkPoolWorker-1]"], "celery", "[celeryd: celer"),
    Case("/usr/bin/python3.11", ["ray::IDLE"], "ray", "ray::IDLE"),
    Case("/usr/bin/python3.11", ["airflow scheduler -- DagFileProcessorManager"], "airflow", "airflow schedul"),
    Case("/usr/bin/python3.11", ["/usr/bin/python3 /usr/bin/salt-minion MultiMinionProcessManager"], "salt-minion"),
    Case("/usr/bin/python3.11", ["10.0.0.5:8080 3 clients"], "python3", "10.0.0.5:8080 3"),
    Case("/usr/bin/python3.11", ["8080: serving"], "python3", "8080: serving"),
    Case("/usr/bin/pypy3.10", ["pypy3", "/srv/pay.py"], "pay"),
    Case("", ["/usr/bin/python3", "/srv/pay.py"], "pay", "python3"),
]

NODE = [
    *_lines(
        "/usr/bin/node",
        """
        node --require ./trace.js /srv/web/server.js -> web/server
        node -r dotenv/config /srv/cart/index.js -> cart/index
        node --import=./trace.mjs /srv/cart/index.mjs -> cart/index
        node --max-old-space-size=4096 /srv/cart/dist/main.js -> cart/main
        node --max-old-space-size 4096 /srv/cart/dist/main.js -> cart/main
        node --inspect=0.0.0.0:9229 /srv/orders.js -> orders
        node --env-file=.env --enable-source-maps /srv/orders.js -> orders
        node -e require('http').createServer().listen(80) -> node
        node -pe process.version -> node
        node --eval=1+1 /srv/x.js -> node
        node inspect /srv/orders.js -> orders
        node -- /srv/orders.js --port 80 -> orders
        node /srv/shop/node_modules/.bin/next start -> next
        node /srv/shop/node_modules/next/dist/bin/next start -p 3000 -> next
        node /srv/shop/node_modules/@nestjs/cli/bin/nest.js start -> nestjs/cli
        node /usr/lib/node_modules/npm/bin/npm-cli.js start -> npm
        node /srv/shop/node_modules/.bin/tsx watch /srv/shop/src/index.ts -> shop/index
        node /srv/shop/node_modules/ts-node/dist/bin.js /srv/shop/src/pay.ts -> pay
        node /usr/lib/node_modules/pm2/lib/ProcessContainerFork.js -> pm2
        node /srv/shop/build/server/index.js -> shop/index
        node /app/index.js -> index
        node /srv/shop/bin/www -> shop/www
        node /usr/local/bin/pm2-runtime start ecosystem.config.js -> pm2-runtime
        node /usr/local/bin/pm2-runtime /srv/api/server.js -> api/server
        node --run start -> node
        node /usr/share/kibana/bin/../src/cli/dist -> kibana
        node --watch --watch-path ./src /srv/api/server.js -> api/server
        node /srv/shop/.output/server/index.mjs -> shop/index
        node -> node
        npm␣start -> npm
        npm␣run␣dev -> npm
        PM2␣v5.3.0:␣God␣Daemon␣(/root/.pm2) -> PM2
        node␣/srv/api/server.js␣--port␣80 -> api/server
        next-server␣(v14.2.3) -> next-server
        shop-api:␣worker␣3 -> shop-api
        """,
    ),
    Case("/usr/bin/node", ["node", "dist/main.js"], "cart/main", "MainThread", "/srv/cart"),
    Case("/usr/bin/node", ["node", "."], "cart", "MainThread", "/srv/cart"),
    Case("/usr/bin/node", ["node", "server"], "cart/server", "node", "/home/alice/cart"),
    *_lines(
        "/usr/bin/deno",
        """
        deno run --allow-net --config deno.json /srv/geo/server.ts -> geo/server
        deno run -A npm:vite -> vite
        deno run -A https://deno.land/std@0.200.0/http/file_server.ts -> file_server
        deno serve --port 8000 /srv/geo/main.ts -> geo/main
        deno eval Deno.serve(()=>1) -> deno
        deno task start -> deno
        """,
    ),
    *_lines(
        "/usr/local/bin/bun",
        """
        bun run /srv/chat/index.ts -> chat/index
        bun --watch run /srv/chat/bot.ts -> bot
        bun -e console.log(1) -> bun
        bun --cwd /srv/chat /srv/chat/worker.ts -> chat/worker
        """,
    ),
]

RUBY_PERL_PHP = [
    *_lines(
        "/usr/bin/ruby3.1",
        """
        /usr/bin/ruby3.1 /usr/bin/bundle exec puma -C config/puma.rb -> puma
        /usr/bin/ruby3.1 /usr/bin/bundle exec ruby /srv/pay.rb -> pay
        ruby -Ilib -rbundler/setup /srv/pay.rb -> pay
        ruby -I lib -r set -W0 /srv/pay.rb -> pay
        ruby -E UTF-8 --yjit /srv/pay.rb -> pay
        ruby -rsocket -e loop{sleep␣1} -> ruby
        ruby -ne puts␣1 -> ruby
        ruby bin/rails server -b 0.0.0.0 -> rails
        puma␣6.4.2␣(tcp://0.0.0.0:3000)␣[shop] -> puma/shop
        puma:␣cluster␣worker␣0:␣812␣[20240101120000] -> puma
        puma:␣cluster␣worker␣1:␣812␣[app] -> puma
        unicorn␣worker[0]␣-c␣config/unicorn.rb -> unicorn
        sidekiq␣7.1.2␣shop␣[0␣of␣10␣busy] -> sidekiq/shop
        resque-1.26.0:␣Waiting␣for␣* -> resque
        Passenger␣RubyApp:␣/srv/shop␣(production) -> passenger/shop
        ruby -> ruby
        """,
    ),
    Case("/usr/bin/ruby3.1", ["ruby", "bin/rails", "server"], "shop/rails", cwd="/srv/shop"),
    *_lines(
        "/usr/bin/perl",
        """
        perl -w -T /usr/sbin/munin-node -> munin-node
        perl -I /opt/lib -MPOSIX /srv/pay.pl -> pay
        perl -Mstrict -we while(1){sleep␣1} -> perl
        perl -lane print␣$F[0] -> perl
        /usr/bin/perl /usr/bin/starman --port 5000 /srv/shop/app.psgi -> starman
        amavisd␣(ch3-avail) -> amavisd
        spamd␣child -> spamd
        """,
    ),
    *_lines(
        "/usr/bin/php8.2",
        """
        php -S 0.0.0.0:8000 -t public -> php
        php -S 0.0.0.0:8000 -t public /srv/shop/router.php -> router
        php -d memory_limit=1G /srv/shop/bin/console messenger:consume async -> shop/console
        php -dmemory_limit=1G -f /srv/mail/send.php -> send
        php -r while(1)sleep(1); -> php
        php -c /etc/php.ini -n /srv/mail/send.php -> send
        /usr/bin/php8.2 artisan queue:work -> artisan
        php -a -> php
        """,
    ),
    Case("/usr/bin/php8.2", ["php", "artisan", "queue:work"], "shop/artisan", "php", "/var/www/shop"),
    Case("/usr/sbin/php-fpm8.2", ["php-fpm: pool www"], "php-fpm", "php-fpm8.2"),
    Case("/usr/sbin/php-fpm8.2", ["php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)"], "php-fpm", "php-fpm8.2"),
]

SHELLS = [
    *_lines(
        "/usr/bin/bash",
        """
        -bash -> bash
        bash -l -> bash
        bash -c exec␣node␣server.js -> bash
        bash -lc /srv/run.sh -> bash
        bash -euxo pipefail -c true -> bash
        bash -eo pipefail /srv/ship.sh -> ship
        bash -euxo pipefail /srv/ship.sh 8080 -> ship
        bash +x -O extglob /srv/ship.sh -> ship
        bash --rcfile /etc/x --norc /srv/ship.sh -> ship
        bash -s 80 -> bash
        /bin/bash ./run.sh -> run
        /bin/bash /opt/kafka/bin/start.sh -> kafka/start
        """,
    ),
    Case("/usr/bin/dash", ["sh", "/usr/local/bin/backup.sh"], "backup", "sh"),
    Case("/usr/bin/dash", ["/bin/sh", "-c", "sleep 1; true"], "sh", "sh"),
    Case("/usr/bin/dash", ["/bin/sh", "-ec", "sleep 1; true"], "sh", "sh"),
    Case("/usr/bin/zsh", ["zsh", "-f", "/srv/ship.zsh"], "ship"),
    Case("/usr/bin/fish", ["fish", "-c", "while true; end"], "fish"),
    Case("/usr/bin/dash", ["sh", "run.sh"], "pay/run", "sh", "/srv/pay/bin"),
    Case("/bin/busybox", ["httpd", "-f", "-p", "8080"], "httpd", "httpd"),
    Case("/bin/busybox", ["busybox", "httpd", "-f", "-p", "8080"], "httpd", "busybox"),
    Case("/bin/busybox", ["sh", "/srv/ship.sh"], "ship", "sh"),
    Case("/bin/busybox", ["/bin/sh", "-c", "nc -l -p 80"], "sh", "sh"),
    Case("/bin/busybox", ["busybox", "sh", "-c", "nc -l -p 80"], "sh", "busybox"),
    Case("/usr/lib/R/bin/exec/R", ["/usr/lib/R/bin/exec/R", "--no-echo", "--file=/srv/plumber.R"], "plumber", "R"),
    Case("/usr/lib/R/bin/exec/R", ["/usr/lib/R/bin/exec/R", "--no-echo", "-f", "/srv/api.R"], "api", "R"),
    Case("/usr/lib/R/bin/exec/R", ["/usr/lib/R/bin/exec/R", "--no-echo", "-e", "plumber::pr_run()"], "R", "R"),
    Case("/usr/bin/lua5.4", ["lua", "-l", "socket", "/srv/pay.lua"], "pay"),
    Case("/usr/bin/lua5.4", ["lua", "-e", "while true do end"], "lua", "lua"),
    Case("/usr/bin/tclsh8.6", ["tclsh", "/srv/pay.tcl"], "pay"),
    Case("/usr/bin/julia", ["julia", "--project=/srv/x", "-t", "4", "/srv/solve.jl"], "solve"),
    Case("/usr/bin/gawk", ["awk", "-f", "/srv/count.awk"], "count", "awk"),
    Case("/opt/microsoft/powershell/7/pwsh", ["pwsh", "-NoProfile", "-File", "/srv/ship.ps1"], "ship"),
    Case("/opt/microsoft/powershell/7/pwsh", ["pwsh", "-Command", "while(1){}"], "pwsh"),
]

JAVA = [
    *_lines(
        "/usr/lib/jvm/java-17/bin/java",
        """
        java -Xmx1g -cp a.jar:b.jar -jar /srv/orders-2.jar -> orders-2
        java -jar /srv/orders-2.3.1.jar -> orders
        java -jar /srv/orders-2.3.1-SNAPSHOT.jar -> orders
        java -jar /srv/orders-2.3.1.RELEASE.jar -> orders
        java -jar orders-1.0-all.jar -> orders
        java -jar /srv/orders-20240112.jar -> orders
        java -jar /srv/orders-3f2a9bc.jar -> orders
        java -jar /srv/lib/orders_2.13-3.7.0.jar -> orders
        java -jar /srv/shop/target/app.jar -> shop/app
        java -jar /srv/shop/app-1.2.3.jar -> shop/app
        java -jar /app.jar -> app
        java -Dspring.application.name=cart -jar /app.jar -> cart
        java -jar /app.jar --spring.application.name=cart -> cart
        java -jar /srv/shop/target/quarkus-app/quarkus-run.jar -> shop/quarkus-run
        java -jar /opt/solr/server/start.jar --module=http -> solr/start
        java -cp libs/* kafka.Kafka server.properties -> Kafka
        java --class-path libs/* --add-opens java.base/java.lang=ALL-UNNAMED com.acme.pay.PayMain -> Pay
        java --class-path=libs/* com.acme.pay.PayServer -> PayServer
        java -p mods -m com.acme.pay/com.acme.pay.PayMain -> Pay
        java --module-path mods --module com.acme.pay/com.acme.pay.Main -> pay/Main
        java -cp x com.acme.pay.Main -> pay/Main
        java -cp x com.acme.pay.MainKt -> pay/MainKt
        java -cp x com.acme.shop.OrdersApplicationKt -> Orders
        java -cp x org.apache.zookeeper.server.quorum.QuorumPeerMain /etc/zoo.cfg -> zookeeper
        java -cp x org.apache.kafka.connect.cli.ConnectDistributed c.properties -> kafka/ConnectDistributed
        java -cp x org.apache.hadoop.hdfs.server.namenode.NameNode -> hadoop/NameNode
        java -cp x org.apache.cassandra.service.CassandraDaemon -> Cassandra
        java -cp x org.apache.pulsar.PulsarBrokerStarter -> PulsarBroker
        java -cp x org.elasticsearch.bootstrap.Elasticsearch -> Elasticsearch
        java -cp x -Dcatalina.base=/var/lib/tomcat9 org.apache.catalina.startup.Bootstrap start -> tomcat
        java -cp x -Dcatalina.base=/srv/shop org.apache.catalina.startup.Bootstrap start -> tomcat/shop
        java -jar /opt/wildfly/jboss-modules.jar -mp /opt/wildfly/modules org.jboss.as.standalone -> wildfly
        java -cp x org.apache.spark.deploy.SparkSubmit --class com.acme.jobs.Totals /srv/jobs.jar -> Totals
        java -cp x clojure.main -m shop.core -> shop.core
        java -cp x io.vertx.core.Launcher run com.acme.CartVerticle -> CartVerticle
        java -cp x -Dloader.main=com.acme.Cart org.springframework.boot.loader.PropertiesLauncher -> Cart
        java -Dspring.application.name=cart org.springframework.boot.loader.launch.JarLauncher -> cart
        java -cp x -Duser.dir=/srv/shop play.core.server.ProdServerStart -> shop
        java -agentlib:jdwp=transport=dt_socket,address=5005 -javaagent:/a.jar=8080:x -jar /srv/pay.jar -> pay
        java @/opt/pay/jvm.args -jar /opt/pay/pay.jar -> pay
        java /srv/Hello.java -> Hello
        java -version -> java
        java 10.0.0.1 -> java
        java -cp x com.sun.enterprise.glassfish.bootstrap.ASMain -> glassfish/ASMain
        java -cp x org.neo4j.server.CommunityEntryPoint -> neo4j/Community
        java -cp x org.elasticsearch.launcher.CliToolLauncher -> elasticsearch/CliTool
        java -cp x org.h2.tools.Server -> h2/Server
        java -jar /opt/keycloak/lib/quarkus-run.jar -> keycloak/quarkus-run
        java -jar minecraft_server.1.20.4.jar nogui -> minecraft_server
        java -jar /usr/share/jenkins/jenkins.war --httpPort=8080 -> jenkins
        """,
    ),
    Case("/usr/bin/java", ["java", "org.springframework.boot.loader.launch.JarLauncher"], "cart", cwd="/srv/cart"),
    Case("/usr/bin/java", ["java", "org.springframework.boot.loader.launch.JarLauncher"], "spring-boot", cwd="/app"),
    Case("/usr/bin/jsvc", ["jsvc.exec", "-cp", "/x.jar", "-user", "pay", "com.acme.PayDaemon"], "Pay", "jsvc.exec"),
]

LAUNCHERS = [
    Case("/usr/bin/dotnet", ["dotnet", "/app/Basket.API.dll"], "Basket.API"),
    Case("/usr/bin/dotnet", ["dotnet", "exec", "--depsfile", "/x.json", "/srv/Pay.dll"], "Pay"),
    Case("/usr/bin/dotnet", ["dotnet", "--roll-forward", "Major", "Pay.dll", "--urls", "http://*:80"], "Pay"),
    Case("/usr/bin/dotnet", ["dotnet", "run", "--project", "/srv/Shop/Shop.csproj"], "Shop"),
    Case("/usr/bin/dotnet", ["dotnet", "/srv/shop/bin/Release/net8.0/Server.dll"], "shop/Server"),
    Case("/usr/bin/dotnet", ["dotnet", "run"], "shop", cwd="/srv/shop"),
    Case("/usr/bin/dotnet", ["dotnet", "build"], "dotnet"),
    Case("/usr/bin/mono-sgen", ["mono", "--debug", "/opt/sonarr/Sonarr.exe", "-nobrowser"], "Sonarr", "mono"),
    Case("/usr/bin/mono-sgen", ["/usr/bin/mono", "--config", "/etc/m", "/opt/pay/Pay.exe"], "Pay", "mono"),
    Case("/usr/lib/wine/wine64-preloader", ["C:\\Program Files\\Pay\\payd.exe", "--port", "80"], "payd", "payd.exe"),
    Case("/usr/lib/wine/wine64-preloader", ["/usr/bin/wine64", "/srv/pay/Pay.exe"], "Pay", "wine64-preloade"),
    Case("/usr/bin/qemu-system-x86_64", ["/usr/bin/qemu-system-x86_64", "-name", "guest=db2,debug-threads=on"], "db2"),
    Case(
        "/usr/bin/qemu-system-x86_64", ["/usr/bin/kvm", "-id", "100", "-name", "web1,debug-threads=on"], "web1", "kvm"
    ),
    Case("/usr/bin/qemu-system-x86_64", ["qemu-system-x86_64", "-m", "1G"], "qemu-system-x86_64"),
    Case(
        "/usr/bin/qemu-aarch64-static",
        ["/usr/bin/qemu-aarch64-static", "/usr/bin/python3", "/srv/pay.py"],
        "pay",
        "python3",
    ),
    Case("/usr/bin/qemu-arm", ["qemu-arm", "-L", "/usr/arm", "-cpu", "max", "/srv/payd", "80"], "payd"),
    Case("/lib/ld-musl-x86_64.so.1", ["/lib/ld-musl-x86_64.so.1", "--library-path", "/x", "/opt/pay/payd"], "payd"),
    Case(
        "/lib64/ld-linux-x86-64.so.2",
        ["/lib64/ld-linux-x86-64.so.2", "--argv0", "x", "/usr/bin/python3", "/srv/pay.py"],
        "pay",
    ),
    Case(
        "/usr/lib/erlang/bin/beam.smp",
        ["beam.smp", "--", "-root", "/opt/shop", "--", "-boot", "/opt/shop/releases/0.1.0/start", "-sname", "x"],
        "shop",
    ),
    Case(
        "/usr/lib/erlang/bin/beam.smp",
        ["beam.smp", "--", "-boot", "/opt/couchdb/releases/3.3.2/couchdb", "-name", "couchdb@127.0.0.1"],
        "couchdb",
    ),
    Case(
        "/usr/lib/erlang/bin/beam.smp",
        ["beam.smp", "--", "-root", "/usr/lib/erlang", "--", "-sname", "ejabberd@web1", "-noshell"],
        "ejabberd",
    ),
    Case(
        "/usr/lib/erlang/bin/beam.smp",
        [
            "beam.smp",
            "--",
            "-root",
            "/usr/lib/erlang",
            "--",
            "-s",
            "elixir",
            "start_cli",
            "-extra",
            "/usr/bin/mix",
            "phx.server",
        ],
        "shop/mix",
        cwd="/srv/shop",
    ),
    Case("/usr/lib/erlang/bin/beam.smp", ["beam.smp", "--", "-root", "/usr/lib/erlang", "--", "-noshell"], "erlang"),
    Case(
        "/usr/libexec/valgrind/memcheck-amd64-linux",
        ["/usr/bin/valgrind.bin", "--leak-check=full", "/srv/payd"],
        "payd",
    ),
]

NATIVE = [
    Case("/usr/sbin/nginx", ["nginx: worker process"], "nginx"),
    Case("/usr/sbin/nginx", ["nginx: master process /usr/sbin/nginx -g daemon off;"], "nginx"),
    Case("/usr/bin/redis-check-rdb", ["/usr/bin/redis-server 127.0.0.1:6379"], "redis-server", "redis-server"),
    Case("/usr/lib/postgresql/17/bin/postgres", ["postgres: walwriter"], "postgres"),
    Case("/usr/lib/postgresql/17/bin/postgres", ["postgres: 17/main: shop orders 10.0.0.9(40112) idle"], "postgres"),
    Case("/usr/sbin/sshd", ["sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"], "sshd"),
    Case("/usr/lib/openssh/sshd-session", ["sshd-session: alice [priv]"], "sshd-session"),
    Case("/usr/sbin/avahi-daemon", ["avahi-daemon: running [web1.local]"], "avahi-daemon"),
    Case("/usr/lib/dovecot/imap-login", ["dovecot/imap-login"], "imap-login"),
    Case("/usr/sbin/exim4", ["/usr/sbin/exim4", "-bd", "-q30m"], "exim4"),
    Case("/usr/bin/dockerd", ["/usr/bin/dockerd", "-H", "fd://"], "dockerd"),
    Case(
        "/usr/bin/containerd-shim-runc-v2",
        ["/usr/bin/containerd-shim-runc-v2", "-id", "abc"],
        "containerd-shim-runc-v2",
    ),
    Case("/usr/bin/tini", ["tini", "--", "/srv/payd"], "tini"),
    Case("/opt/prometheus-2.45.0", ["/opt/prometheus-2.45.0"], "prometheus"),
    Case("/opt/traefik_v2.10.1_linux-amd64", ["/opt/traefik_v2.10.1_linux-amd64"], "traefik"),
    Case("/opt/minio.RELEASE.2023-08-31T15-31-16Z", ["minio"], "minio"),
    Case("/opt/shop/payd-v1.2.3", ["./payd-v1.2.3"], "payd"),
    Case("/opt/shop/payd-3f2a9bc", ["./payd-3f2a9bc"], "payd"),
    Case("/opt/shop/server", ["./server"], "shop/server"),
    Case("/opt/shop/bin/main", ["bin/main"], "shop/main"),
    Case("/srv/shop/target/release/server", ["target/release/server"], "shop/server"),
    Case("/srv/shop-1.2.3/bin/app", ["/srv/shop/bin/app"], "shop/app"),
    Case("/usr/local/bin/server", ["server"], "server"),
    Case("/app/main", ["/app/main"], "main"),
    Case("/tmp/xk3u9ovsb66n/main", ["./main"], "main"),
    Case("/tmp/xk3u9ovsb66n/bin/main", ["./main"], "main"),
    Case("/tmp/xk3u9ovsb66n/cart/main", ["./main"], "cart/main"),
    Case("/tmp/cart/main", ["./main"], "cart/main"),
    Case("/var/tmp/tmp.Xk3u9o/cart/bin/main", ["./main"], "cart/main"),
    Case("/usr/lib/postfix/sbin/master", ["/usr/lib/postfix/sbin/master", "-w"], "postfix/master"),
    Case("/root/.cache/go-build/ab/abcdef0123-d/main", ["/root/.cache/go-build/ab/abcdef0123-d/main"], "main"),
    Case("/usr/local/bin/payd-linux-amd64", ["payd-linux-amd64"], "payd"),
    Case("/opt/teleport-v14.1.0", ["teleport", "start"], "teleport"),
    Case("/usr/lib/systemd/systemd", ["/sbin/init"], "systemd", "systemd"),
    Case("/usr/bin/sbcl", ["sbcl", "--script", "/srv/pay.lisp"], "pay"),
    Case("/usr/bin/gawk", ["awk", "{print $1}"], "awk", "awk"),
    Case("/usr/bin/python3.11", ["worker 3"], "shop/worker", "worker 3", "/srv/shop"),
    Case("/tmp/go-build123/b001/exe/main", ["/tmp/go-build123/b001/exe/main"], "main"),
    Case("/tmp/go-build123/b001/exe/main", ["/tmp/go-build123/b001/exe/main"], "shop/main", cwd="/srv/shop"),
    Case("/tmp/go-build9/b001/exe/shop", ["/tmp/go-build9/b001/exe/shop"], "shop"),
    Case(
        "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-pay-1.2/bin/.payd-wrapped",
        ["/run/current-system/sw/bin/payd"],
        "payd",
    ),
    Case("/srv/oldd (deleted)", ["/srv/oldd"], "oldd"),
    Case("/memfd:runc_cloned:/proc/self/exe (deleted)", ["runc", "init"], "runc"),
    Case("/memfd:sealed-91173221a7ea (deleted)", ["tools/backend-d", "--uid", "0"], "backend-d", "memfd:sealed-91"),
    Case("/snap/lxd/24322/bin/lxd", ["lxd", "--logfile", "/x"], "lxd"),
    Case("/srv/café-日本", ["./café-日本"], "café-日本"),
    Case('/srv/say "hi"', ['./say "hi"'], 'say "hi"'),
    Case("", [], "kworker/0:1", "kworker/0:1"),
    Case("/usr/bin/sudo", ["sudo", "-u", "pay", "/srv/payd"], "sudo"),
    Case("/usr/bin/sleep", ["shopd", "60"], "sleep", "sleep"),
    Case("/opt/google/chrome/chrome", ["/opt/google/chrome/chrome --type=renderer"], "chrome"),
]

CASES = [*PYTHON, *NODE, *RUBY_PERL_PHP, *SHELLS, *JAVA, *LAUNCHERS, *NATIVE]
