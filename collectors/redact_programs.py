"""Which options and words of which programs take a secret.

Options whose name says it (`--password`) need no entry. Sources: the manual pages of the programs.
"""

from msgspec import Struct

from collectors.redact_kinds import Kind


class Program(Struct, frozen=True):
    """What is secret in a program's arguments."""

    options: dict[str, Kind] = {}
    valued: str = ""  # other short options that take a value, which ends a bundle: -sSLo FILE
    # The nth words after a word are secrets. "" is the program itself, http-basic.* every word that begins so.
    words: dict[str, tuple[int, ...]] = {}
    names: bool = False  # a bare word that names a secret is followed by it: git config github.token X
    last: frozenset[str] = frozenset()  # with one of these options or words, the last argument is a secret
    positional: Kind | None = None  # what every other word is
    after: str = ""  # short options mean a secret only after this word: docker login -p

    @property
    def bundles(self) -> bool:
        """Whether short options may stand together: not where options of one dash are words (openssl -passin)."""
        return not any(
            len(option) > 2 and option[1] != "-" and kind is not Kind.JOINED for option, kind in self.options.items()
        )


S, J, U, NO = Kind.SECRET, Kind.JOINED, Kind.USER, Kind.HARMLESS
_LOGIN = Program(
    {"-p": S, "--creds": U, "--src-creds": U, "--dest-creds": U, "--secret": NO, "--value": S}, "u", after="login"
)
_TABLE: tuple[tuple[str, Program], ...] = (
    (
        "mysql mysqldump mysqladmin mysqlsh mysqlimport mysqlcheck mysqlshow mysqlslap mysqlbinlog mysqlpump mycli"
        " mytop mysql_upgrade mariadb mariadb-dump mariadb-admin mariadb-check mariadb-import mariadb-show mariadb-slap"
        " mariadb-binlog mariabackup mariadb-backup xtrabackup innobackupex",
        Program({"-p": J, "--uri": U}, "uhPSDeT", {"password": (1,)}, positional=U),
    ),
    ("mydumper myloader", Program({"-p": S}, "uhPBoTtd")),
    (
        "redis-cli redis-server redis-benchmark redis-sentinel valkey-cli valkey-server valkey-benchmark"
        " keydb-cli keydb-server",
        Program(
            {"-a": S, "--pass": S, "--requirepass": S, "--masterauth": S},
            "hpsnutridb",
            {"auth": (1, 2), "requirepass": (1,), "masterauth": (1,), "hello": (3, 4)},
            positional=Kind.ACL,
        ),
    ),
    (
        "mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop mongofiles",
        Program({"-p": S}, "hudc"),
    ),
    ("psql pg_dump pg_restore pg_basebackup pgbench createdb vacuumdb", Program({"-p": NO}, "hUdpfcovF")),
    ("sqlplus sqlldr expdp impdp exp imp rman sqlcl", Program(positional=Kind.ORACLE)),
    ("sqlcmd osql tsql", Program({"-P": S}, "SUdQqiohvHpD")),
    ("bcp", Program({"-P": S}, "SUdtrcfe")),
    ("isql", Program({"-P": S, "-p": S, "-password": S}, "UuSDimo", {"": (3,)})),
    ("cqlsh cypher-shell", Program({"-p": S}, "uekftad")),
    ("couchbase-cli cbq cbbackupmgr cbimport cbexport", Program({"-p": S}, "cuead")),
    ("beeline", Program({"-p": S}, "undwef")),
    (
        "usql pgcli snowsql rabbitmqadmin smbmap crackmapexec nxc evil-winrm ncftpput ncftpget ncftp",
        Program({"-p": S}, "uHhdPV"),
    ),
    ("aql asadm asbackup asrestore asinfo", Program({"-P": S}, "hpUcnsdov")),
    ("influx", Program({"-password": S, "-p": S, "-t": S}, "uocbn")),
    ("nodetool sstableloader jmxterm", Program({"-pw": S, "-jmxpw": S}, "hpu")),
    (
        "ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldapmodrdn ldapcompare ldapexop",
        Program({"-w": S}, "HDbfyYUZsalz"),
    ),
    ("ldappasswd", Program({"-w": S, "-s": S, "-a": S}, "HDbfyYUZtT")),
    ("slappasswd", Program({"-s": S}, "hcT")),
    ("docker podman nerdctl buildah skopeo crane oras regctl az oc argocd helm heroku", _LOGIN),
    ("kubectl k3s microk8s", Program({"--from-literal": Kind.LITERAL, "--secret": NO}, "nfocl")),
    (
        "curl",
        Program(
            {
                **dict.fromkeys(("-u", "--user", "-U", "--proxy-user", "-E", "--cert", "--proxy-cert"), U),
                **dict.fromkeys(("-b", "--cookie"), Kind.COOKIE),
                **dict.fromkeys(
                    ("--pass", "--proxy-pass", "--oauth2-bearer", "--tlspassword", "--proxy-tlspassword"), S
                ),
                "--key": NO,
            },
            "AcCdDeFhHKmoPQrTwxXyYzt",
        ),
    ),
    ("wget wget2", Program({"--http-passwd": S}, "OPUaioeBQtTwl")),
    ("aria2c", Program({"--rpc-secret": S, "--http-passwd": S, "--ftp-passwd": S}, "dotjxskil")),
    ("http https xh xhs", Program({"-a": U, "--auth": U}, "ASop")),
    ("ab siege", Program({"-A": U, "-P": U, "-C": Kind.COOKIE}, "nctbpuTHxXegSd")),
    ("hey", Program({"-a": U}, "nczqotmHDTAx")),
    ("lftp open", Program({"-u": U}, "pefc")),
    ("yt-dlp youtube-dl", Program({"-p": S, "-2": S}, "uofIra")),
    ("transmission-remote", Program({"-n": U, "--auth": U, "-N": NO})),
    ("transmission-daemon", Program({"-v": S}, "acguewpx")),
    ("sshpass", Program({"-p": S}, "fdPe")),
    ("plink pscp psftp kitty putty", Program({"-pw": S}, "lPi")),
    ("ssh-keygen", Program({"-N": S, "-P": S}, "bCfFIJDlnOrRstTVwYzaMm")),
    ("smbclient rpcclient winexe smbget smbcacls smbtree wmic", Program({"-U": U, "--user": U}, "ILDTncpWsk")),
    ("net", Program({"-U": U}, "SIwW")),
    ("xfreerdp xfreerdp3 wlfreerdp sdl-freerdp signtool ktpass", Program({"/p": S, "/pass": S, "/gp": S, "/pth": S})),
    ("rdesktop", Program({"-p": S}, "udsScnkgat")),
    ("x11vnc", Program({"-passwd": S, "-viewpasswd": S})),
    ("vncviewer xtigervncviewer", Program({"-passwd": NO})),
    (
        "openssl",
        Program(
            {
                **dict.fromkeys(("-pass", "-passin", "-passout", "-password"), Kind.PREFIXED),
                **dict.fromkeys(("-k", "-K", "-hmac", "-psk", "-srppass"), S),
                "-macopt": U,
            },
            last=frozenset({"passwd"}),
        ),
    ),
    (
        "keytool jarsigner apksigner",
        Program(
            dict.fromkeys(
                ("-storepass", "-keypass", "-srcstorepass", "-deststorepass", "-srckeypass", "-destkeypass", "-new"), S
            )
        ),
    ),
    ("osslsigncode", Program({"-pass": S})),
    ("zip", Program({"-P": S}, "ibntxUz")),
    ("unzip", Program({"-P": S}, "dxO")),
    ("7z 7za 7zr 7zz rar unrar unar", Program({"-p": J, "-hp": J})),
    ("pdftk", Program(words={"user_pw": (1,), "owner_pw": (1,), "input_pw": (1,)})),
    ("qpdf", Program(words={"--encrypt": (1, 2)})),
    ("pdftotext pdfinfo pdftoppm pdfimages pdftocairo", Program({"-upw": S, "-opw": S})),
    ("steghide", Program({"-p": S}, "cfes")),
    ("htpasswd", Program(last=frozenset({"-b", "--batch"}))),
    ("mkpasswd", Program({"-S": S}, "mR", {"": (1,)})),
    ("caddy", Program({"--plaintext": S, "-p": S})),
    ("doveadm", Program({"-p": S}, "su")),
    ("useradd usermod groupadd groupmod", Program({"-p": S}, "cdegGklmoRsu")),
    ("wpa_passphrase", Program(words={"": (2,)})),
    ("ipmitool", Program({"-P": S, "-K": S, "-k": S}, "IHUpLCfoe")),
    (
        "snmpwalk snmpget snmpset snmpbulkwalk snmpbulkget snmpgetnext snmptable snmptrap snmpinform snmpstatus",
        Program({"-c": S, "-A": S, "-X": S}, "vulaxnertmMOC"),
    ),
    ("mosquitto_pub mosquitto_sub mosquitto_rr", Program({"-P": S, "--pw": S}, "hpuitmqkVlfCW")),
    ("dig", Program({"-y": U}, "bcfpqtx")),
    ("nsupdate", Program({"-y": U}, "gktru")),
    ("swaks", Program({"-ap": S}, "tfsah")),
    ("sendemail", Program({"-xp": S})),
    ("p4", Program({"-P": S}, "pucdCH")),
    ("twine", Program({"-p": S}, "ur")),
    ("gh", Program({"--body": S}, "RFtb")),
    ("credhub", Program({"-w": S, "-v": S, "--value": S}, "ntu")),
    ("etcdctl", Program({"--user": U}, names=True)),
    ("vault bao openbao", Program(words={"login": (1,), "unseal": (1,), "unwrap": (1,)})),
    ("ngrok", Program(words={"authtoken": (1,), "add-authtoken": (1,), "add-api-key": (1,)})),
    ("cargo", Program(words={"login": (1,)})),
    ("rclone", Program(words={"obscure": (1,)}, names=True)),
    ("mc mcli", Program(words={"set": (4,), "add": (4,)})),
    (
        "rabbitmqctl",
        Program({"--erlang-cookie": S}, words={"add_user": (2,), "change_password": (2,), "authenticate_user": (2,)}),
    ),
    ("erl beam.smp elixir iex", Program({"-setcookie": S, "--cookie": S})),
    ("nmcli", Program(words={"wifi-sec.psk": (1,), "802-11-wireless-security.psk": (1,)}, names=True)),
    ("poetry composer", Program({"-p": S}, "u", {"pypi-token.*": (1,), "http-basic.*": (2,)}, names=True)),
    ("aws", Program({"--secret-id": NO, "--secret-string": S, "--value": S}, names=True)),
    ("pulumi", Program({"--secret": Kind.FLAG}, names=True)),
    ("ansible-vault", Program(words={"encrypt_string": (1,)})),
    ("grafana grafana-cli", Program(words={"reset-admin-password": (1,)})),
    ("airflow superset", Program({"-p": S}, "uefrl")),
    ("iwconfig", Program(words={"key": (1,), "enc": (1,)})),
    (
        "git npm yarn pnpm consul gcloud wpa_cli bundle gem pip uci pppd gsettings snap doctl",
        Program(names=True),
    ),
    ("xorg xwayland", Program({"-auth": NO})),
    ("openvpn", Program({"--auth-user-pass": NO})),
    ("code-server", Program({"--auth": NO})),
)
PROGRAMS: dict[str, Program] = {name: program for names, program in _TABLE for name in names.split()}
