"""Which options and words of which programs take a secret; of databases see redact_databases.py.

Options whose name means a secret (`--password`) need no entry. Sources: the manual pages of the programs.
"""

from collectors.redact_databases import DATABASES
from collectors.redact_kinds import CONFIG, Kind, Program

S, J, U, NO = Kind.SECRET, Kind.JOINED, Kind.USER, Kind.HARMLESS
_LOGIN = Program(
    {"-p": S, "--creds": U, "--src-creds": U, "--dest-creds": U, "--secret": NO}, "u", after=frozenset({"login"})
)
_TABLE: tuple[tuple[str, Program], ...] = (
    (
        "bitcoin-cli litecoin-cli dogecoin-cli",
        Program(
            words={
                "walletpassphrase": (1,),
                "walletpassphrasechange": (1, 2),
                "encryptwallet": (1,),
                "importprivkey": (1,),
            }
        ),
    ),
    ("vercel doppler codecov codecovcli frpc frps", Program({"-t": S}, "sfcp")),
    (
        "smbmap crackmapexec nxc netexec evil-winrm ncftpput ncftpget ncftp hydra medusa xmrig racadm esxcli"
        " redfishtool ilorest openfortivpn cntlm megadl megaput megals check_mysql check_mysql_query check_pgsql"
        " check_radius bloodhound-python certipy fence_ipmilan fence_apc fence_ilo fence_drac fence_vmware_soap"
        " ipmi-sensors ipmi-sel ipmi-chassis ipmipower ipmiconsole bmc-info add-user",
        Program({"-p": S}, "uHhdPVlLsotnac"),
    ),
    (
        "ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldapmodrdn ldapcompare ldapexop",
        Program({"-w": S}, "HDbfyYUZsalz"),
    ),
    ("ldappasswd", Program({"-w": S, "-s": S, "-a": S}, "HDbfyYUZtT")),
    ("slappasswd", Program({"-s": S}, "hcT")),
    ("kadmin kadmin.local addprinc add_principal ank cpw ktadd", Program({"-w": S, "-pw": S})),
    ("dsconf dsidm dsctl", Program({"-w": S}, "DbZ")),
    (
        "ipa-server-install ipa-replica-install ipa-client-install",
        Program({"-p": S, "-a": S, "-w": S, "-P": NO}, "nrD"),
    ),
    ("samba-tool", Program({"-U": U}, "H", {"create": (2,), "add": (2,)})),
    (
        "docker podman nerdctl buildah skopeo crane oras regctl cosign apptainer singularity oc argocd helm heroku",
        _LOGIN,
    ),
    ("cf ibmcloud expo fly", Program({"-p": S}, "uaot", {"auth": (2,)}, after=frozenset({"login"}))),
    ("configmap", Program()),  # of kubectl: its literals are no secrets
    (
        "az",
        Program(
            {"-p": S, "--secret": NO, "--value": S},
            "gnulsto",
            after=frozenset({"login", "sql", "postgres", "mysql", "mariadb", "secret"}),
        ),
    ),
    ("dotnet", Program({"-p": S}, "cfovnu", after=frozenset({"source"}))),
    ("choco", Program({"-k": S}, "s")),
    ("supervisorctl", Program({"-p": S}, "cus")),
    ("salt salt-call", Program(words={"shadow.set_password": (2,)})),
    ("wandb", Program(words={"login": (1,)})),
    ("deluge-console", Program(words={"connect": (3,)})),
    ("ctr crictl", Program({"-u": U, "--user": U, "--creds": U, "--auth": S}, "nart")),
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
    ("http https xh xhs", Program({"-a": S, "--auth": S}, "ASop")),  # a user, or with -A bearer a token
    ("nats-server netlify", Program({"--auth": S})),
    ("ttyd gotty", Program({"-c": U}, "piuUwtT")),
    ("swift", Program({"-K": S}, "AUV")),
    ("glab", Program({"-t": S}, "h", after=frozenset({"login"}))),
    ("knife", Program({"-P": S}, "xNErcikV")),
    ("bw", Program(words={"unlock": (1,), "login": (2,)})),
    ("mega-login", Program(words={"": (2,)})),
    ("b2", Program(words={"authorize-account": (2,), "authorize_account": (2,)})),
    ("qshell", Program(words={"account": (2,)})),
    ("ossutil ossutil64", Program({"-k": S}, "eict")),
    ("snyk", Program(words={"auth": (1,)})),
    ("mvn mvnw gradle gradlew sonar-scanner", Program({"-Dsonar.login": S})),
    ("hudson.remoting.jnlp.main", Program(positional=Kind.HEX)),  # ... -url URL SECRET AGENT
    ("ss-server ss-local ss-redir ss-tunnel ssserver sslocal", Program({"-k": S}, "spmlbcfti")),
    ("microsocks", Program({"-P": S}, "ipub")),
    ("proxytunnel", Program({"-P": U, "-R": U}, "pdarsE")),
    ("radtest", Program(valued="t", words={"": (2, 5)})),
    ("radclient", Program(valued="cdfnrpsStPi", words={"": (3,)})),
    ("eapol_test", Program({"-s": S}, "capArtMCiN")),
    ("agent-auth check_ldap", Program({"-P": S}, "mpAGDUHbp")),
    ("check_http", Program({"-a": U, "-b": U}, "HIpuwctseSP")),
    ("check_snmp", Program({"-C": S, "-A": S, "-X": S}, "HopwctsrRlUPL")),
    ("electrum", Program({"-W": S}, "wD")),
    ("sipp sipsak", Program({"-ap": S})),
    ("pkcs11-tool softhsm2-util", Program(dict.fromkeys(("--pin", "--so-pin", "--new-pin", "-p"), S), "lmdaty")),
    ("pk12util", Program({"-W": S, "-K": S}, "iodnkw")),
    (
        "iscsiadm",
        Program(
            words=dict.fromkeys(
                ("node.session.auth.password", "node.session.auth.password_in", "discovery.sendtargets.auth.password"),
                (1,),
            )
        ),
    ),
    ("iw", Program(words={"key": (1,), "keys": (1,)})),
    ("megatools", Program({"-p": S}, "u")),
    (
        "gpg gpg2 gpgv duplicity",
        Program(
            dict.fromkeys(
                (
                    "--recv-keys",
                    "--recv-key",
                    "--search-keys",
                    "--default-key",
                    "--delete-key",
                    "--delete-keys",
                    "--delete-secret-keys",
                    "--export-secret-keys",
                    "--export-secret-key",
                    "--export-secret-subkeys",
                    "--encrypt-key",
                    "--sign-key",
                    "--encrypt-sign-key",
                    "--encrypt-secret-keyring",
                ),
                NO,
            )
        ),
    ),
    ("etcd", Program({"--initial-cluster-token": NO})),
    ("geth", Program({"--password": NO, "--authrpc.jwtsecret": NO})),
    ("ab siege", Program({"-A": U, "-P": U, "-C": Kind.COOKIE}, "nctbpuTHxXegSd")),
    ("hey", Program({"-a": U}, "nczqotmHDTAx")),
    ("lftp open", Program({"-u": U}, "pefc")),
    ("yt-dlp youtube-dl", Program({"-p": S, "-2": S}, "uofIra")),
    ("transmission-remote", Program({"-n": U, "--auth": U, "-N": NO})),
    ("transmission-daemon", Program({"-v": S}, "acguewpx")),
    ("sshpass", Program({"-p": S}, "fdPe")),
    ("plink pscp psftp kitty putty", Program({"-pw": S}, "lPi")),
    ("ssh-keygen", Program({"-N": S, "-P": S}, "bCfFIJDlnOrRstTVwYzaMm")),
    ("smbclient", Program({"-U": U, "--user": U}, "AILDTncpWsk", {"": (2,)})),
    ("rpcclient winexe smbget smbcacls smbtree wmic", Program({"-U": U, "--user": U}, "ILDTncpWsk")),
    ("net", Program({"-U": U}, "SIwW")),
    (
        "xfreerdp xfreerdp3 wlfreerdp sdl-freerdp signtool ktpass",
        Program({"/p": S, "/pass": S, "/gp": S, "/pth": S, "/gateway": Kind.DSN}),
    ),
    ("rdesktop", Program({"-p": S}, "udsScnkgat")),
    ("x11vnc", Program({"-passwd": S, "-viewpasswd": S})),
    ("vncviewer xtigervncviewer", Program({"-passwd": NO})),
    (
        "openssl",
        Program(
            {
                **dict.fromkeys(("-pass", "-passin", "-passout", "-password"), Kind.PREFIXED),
                **dict.fromkeys(("-k", "-K", "-hmac", "-psk", "-srppass"), S),
                **dict.fromkeys(("-signature", "-sigfile"), NO),
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
    ("htpasswd mosquitto_passwd", Program(last=frozenset({"-b", "--batch"}))),
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
    ("dig", Program({"-y": U}, "bcfpqtx")),
    ("nsupdate", Program({"-y": U}, "gktru")),
    ("swaks", Program({"-ap": S}, "tfsah")),
    ("sendemail", Program({"-xp": S})),
    ("p4", Program({"-P": S}, "pucdCH")),
    ("twine", Program({"-p": S}, "ur")),
    ("gh", Program({"--body": S, "-b": S}, "RFt", after=frozenset({"secret"}))),
    ("credhub", Program({"-w": S, "-v": S, "--value": S}, "ntu")),
    ("ngrok", Program(words={"authtoken": (1,), "add-authtoken": (1,), "add-api-key": (1,)})),
    ("cargo", Program(words={"login": (1,)})),
    ("rclone", Program(words={"obscure": (1,)}, names=CONFIG)),
    (
        "nmcli",
        Program(
            words=dict.fromkeys(
                (
                    "password",
                    "wifi-sec.psk",
                    "802-11-wireless-security.psk",
                    "802-1x.password",
                    "pppoe.password",
                    "gsm.password",
                    "vpn.secrets",
                    "wifi-sec.wep-key0",
                    "802-1x.private-key-password",
                ),
                (1,),
            )
        ),
    ),
    ("poetry composer", Program({"-p": S}, "u", {"pypi-token.*": (1,), "http-basic.*": (2,)}, names=CONFIG)),
    ("aws", Program({"--secret-id": NO, "--secret-string": S, "--value": S}, names=CONFIG)),
    ("pulumi", Program({"--secret": Kind.FLAG}, names=CONFIG)),
    ("ansible-vault", Program(words={"encrypt_string": (1,)})),
    ("grafana grafana-cli", Program(words={"reset-admin-password": (1,)})),
    ("airflow superset", Program({"-p": S}, "uefrl")),
    ("iwconfig", Program(words={"key": (1,), "enc": (1,)})),
    ("git npm yarn pnpm bundle gem pip uci gsettings snap doctl", Program(names=CONFIG)),
    ("gcloud", Program({"--secret": NO}, names=CONFIG)),
    ("pppd wpa_cli", Program(names=frozenset({""}))),
    ("xorg xwayland", Program({"-auth": NO})),
    ("openvpn", Program({"--auth-user-pass": NO})),
    ("code-server", Program({"--auth": NO})),
)
PROGRAMS: dict[str, Program] = {name: program for names, program in (*DATABASES, *_TABLE) for name in names.split()}
