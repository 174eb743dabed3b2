import pytest

from collectors.cgroups import Pod, container_of, parse_cgroup, pod_of, unit_of, user_of

ID = "3f2a" * 16
OTHER = "ab12" * 16
UUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"


@pytest.mark.parametrize(
    ("path", "container"),
    [
        (f"/system.slice/docker-{ID}.scope", ID),
        (f"/docker/{ID}", ID),
        (f"/docker/{ID}/init.scope", ID),
        (f"/kubepods/besteffort/pod1b2c3d4e-0000-1111-2222-333344445555/{ID}", ID),
        (f"/kubepods.slice/kubepods-pod1b2c.slice/cri-containerd-{ID}.scope", ID),
        (f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/crio-{ID}.scope", ID),
        (f"/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:{ID}", ID),
        (f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container", ID),
        (f"/machine.slice/libpod-{ID}.scope", ID),
        (f"/machine.slice/libpod-conmon-{ID}.scope", ""),
        (f"/kubepods.slice/crio-conmon-{ID}.scope", ""),
        ("/lxc.payload.web1/system.slice/nginx.service", "web1"),
        ("/lxc.payload/web1", "web1"),
        ("/lxc/web1/init.scope", "web1"),
        (r"/machine.slice/machine-deb\x2dweb.scope", "deb-web"),
        ("/machine.slice/systemd-nspawn@deb.service/payload", "deb"),
        (f"/system.slice/containerd.service/kubepods-besteffort-pod1b2c_0000_1111.slice:cri-containerd:{ID}", ID),
        (f"/system.slice/containerd.service/system.slice:docker:{ID}", ID),
        (f"/system.slice/shop.service/libpod-payload-{ID}", ID),
        (f"/system.slice/garden.service/garden/{UUID}", UUID),
        (f"/nomad.slice/share.slice/{UUID}.web.scope", f"{UUID}.web"),
        (r"/machine.slice/machine-qemu\x2d3\x2ddb2.scope/libvirt/emulator", "db2"),
        (f"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope", ID),
        (f"/docker/{ID}/docker/{OTHER}", OTHER),
        (f"/docker/{ID}/kubelet.slice/kubelet-kubepods.slice/cri-containerd-{OTHER}.scope", OTHER),
        (f"/kubepods/burstable/pod{UUID}/crio-{ID}", ID),
        (f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{UUID}.slice/docker-{ID}.scope", ID),
        (f"/k3s/kubepods/besteffort/pod{UUID}/{ID}", ID),
        (f"/../../pod{UUID}/{ID}", ID),
        (f"/default/{ID}", ID),
        (f"/system.slice/nerdctl-{ID}.scope", ID),
        (f"/machine.slice/machine-libpod_pod_{OTHER}.slice/libpod-{ID}.scope/container", ID),
        (f"/libpod_parent/libpod-{ID}", ID),
        (f"/libpod_parent/{OTHER}/libpod-{ID}", ID),
        (f"/ecs/0123456789abcdef0123456789abcdef/{ID}", ID),
        (f"/ecs/cluster/{UUID}/{ID}", ID),
        ("/ecs/task/0123456789abcdef0123456789abcdef-1234567890", "0123456789abcdef0123456789abcdef-1234567890"),
        (f"/ecstasks.slice/ecstasks-0123456789abcdef.slice/docker-{ID}.scope", ID),
        (f"/garden/{UUID}", UUID),
        ("/garden/6f9619ff-8b86-d011-b42d-00cf", "6f9619ff-8b86-d011-b42d-00cf"),
        (f"/nomad.slice/{UUID}.web.scope", f"{UUID}.web"),
        (f"/nomad.slice/share.slice/docker-{ID}.scope", ID),
        (f"/nomad/share/{UUID}.web", f"{UUID}.web"),
        (f"/nomad/reserved/{UUID}-web", f"{UUID}-web"),
        (f"/nomad/{UUID}", UUID),
        ("/lxc/101/ns/system.slice/ssh.service", "101"),
        ("/user/1000.user/1.session/lxc/web1", "web1"),
        ("/lxc.payload.shop_web1", "shop_web1"),
        (f"/lxc.payload.web1/docker/{ID}", ID),
        ("/lxc.monitor.web1", ""),
        (r"/machine.slice/machine-lxc\x2d4211\x2dweb1.scope", "web1"),
        ("/machine/web1.libvirt-lxc", "web1"),
        ("/machine.slice/systemd-nspawn@web1.service/supervisor", "web1"),
        (f"/system.slice/{UUID}.web", ""),
        ("/system.slice/nginx.service", ""),
        ("/", ""),
    ],
)
def test_the_container_is_found_in_every_runtime_s_path(path: str, container: str) -> None:
    assert container_of(path) == container


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/system.slice/nginx.service", "nginx.service"),
        ("/system.slice/system-postgresql.slice/postgresql@15-main.service", "postgresql@15-main.service"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service", "syncthing.service"),
        ("/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service"),
        ("/user.slice/user-1000.slice/session-3.scope", ""),
        ("/lxc.payload.web1/system.slice/nginx.service", "nginx.service"),
        (r"/system.slice/my\x2dapp.service", "my-app.service"),
        (f"/system.slice/containerd.service/kubepods-burstable-pod1b2c_0000.slice:cri-containerd:{ID}", ""),
        (
            f"/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{ID}/system.slice/app.service",
            "app.service",
        ),
        (f"/system.slice/docker.service/docker/{ID}", ""),
        (f"/system.slice/k3s.service/kubepods/burstable/pod1b2c/{ID}", ""),
        (f"/system.slice/garden.service/garden/{UUID}", ""),
        (f"/system.slice/nomad.service/{UUID}.web.scope", ""),
        (f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container", ""),
        ("/machine.slice/systemd-nspawn@deb.service/payload", ""),
        ("/machine.slice/systemd-nspawn@deb.service/payload/system.slice/cups.service", "cups.service"),
        ("/system.slice/lxc.service/lxc/web1", ""),
        (f"/system.slice/shop.service/libpod-payload-{ID}", "shop.service"),
        (
            r"/system.slice/system-foo.slice/foo@3\x2d10.0.0.1:22\x2d10.0.0.9:5000.service",
            "foo@3-10.0.0.1:22-10.0.0.9:5000.service",
        ),
        (f"/system.slice/docker-{ID}.scope/system.slice/cron.service", "cron.service"),
        ("/", ""),
    ],
)
def test_the_unit_is_read_from_the_inside_out(path: str, unit: str) -> None:
    assert unit_of(path) == unit


def test_the_unified_hierarchy_speaks_first() -> None:
    assert parse_cgroup(b"0::/system.slice/nginx.service\n") == "/system.slice/nginx.service"


def test_hybrid_hosts_are_read_by_the_old_hierarchies() -> None:
    text = f"12:pids:/docker/{ID}\n2:cpu,cpuacct:/docker/{ID}\n1:name=systemd:/docker/{ID}\n0::/\n"

    assert parse_cgroup(text.encode()) == f"/docker/{ID}"
    assert parse_cgroup(b"4:memory:/a\n1:name=systemd:/\n0::/b\n") == "/b"
    assert parse_cgroup(b"") == "/"


@pytest.mark.parametrize(
    ("path", "pod"),
    [
        (f"/kubepods/burstable/pod{UUID}/{ID}", Pod(UUID, kubernetes=True)),
        (f"/kubepods/pod{UUID.replace('-', '')}/{ID}", Pod(UUID.replace("-", ""), kubernetes=True)),
        (
            f"/kubepods.slice/kubepods-pod{UUID.replace('-', '_')}.slice/cri-containerd-{ID}.scope",
            Pod(UUID, kubernetes=True),
        ),
        (
            f"/system.slice/containerd.service/kubepods-pod{UUID.replace('-', '_')}.slice:cri-containerd:{ID}",
            Pod(UUID, kubernetes=True),
        ),
        (f"/kubepods/pod{OTHER[:32]}/{OTHER}/kubepods/pod{UUID}/{ID}", Pod(UUID, kubernetes=True)),
        (f"/machine.slice/machine-libpod_pod_{OTHER}.slice/libpod-{ID}.scope/container", Pod(OTHER)),
        (f"/user.slice/user@1000.service/user.slice/user-libpod_pod_{OTHER}.slice/libpod-{ID}.scope", Pod(OTHER)),
        (f"/libpod_parent/{OTHER}/libpod-{ID}", Pod(OTHER)),
        (f"/machine.slice/libpod-{ID}.scope", Pod()),
        (f"/docker/{ID}", Pod()),
    ],
)  # fmt: skip
def test_the_pod_is_in_the_path(path: str, pod: Pod) -> None:
    assert pod_of(path) == pod


@pytest.mark.parametrize(
    ("path", "user"),
    [
        (f"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope", 1000),
        (f"/machine.slice/libpod-{ID}.scope", 0),
        ("/user@99999999999.service/x", 0),
    ],
)
def test_a_rootless_runtime_is_a_user_s(path: str, user: int) -> None:
    assert user_of(path) == user
