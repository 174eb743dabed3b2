import subprocess
from pathlib import Path

import pytest

from collectors.host import MOST_ADDRESSES, HostCollector, find_boot_id, find_host_id, parse_os_release
from collectors.interfaces import read_interfaces
from collectors.load import LoadMeter, parse_network
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.window import Window
from schemas.raw import HostFacts, Interfaces

WINDOW = Window("host", "boot", 1, 0, 0, 5_000, keyframe=False)
KEYFRAME = Window("host", "boot", 1, 1, 5_000, 5_000, keyframe=True)


def host(interfaces: list[InterfaceAddress], settings: Settings | None = None) -> HostCollector:
    return HostCollector(settings or Settings(), interfaces=lambda: interfaces)


def local(found: Interfaces) -> dict[str, bool]:
    return dict(zip(found.name, found.local, strict=True))


def test_the_host_id_is_set_or_the_machine_s_or_the_firmware_s_or_the_name(tmp_path: Path) -> None:
    etc, sys = tmp_path / "etc", tmp_path / "sys"
    etc.mkdir()
    (sys / "class/dmi/id").mkdir(parents=True)

    def found(host_id: str = "") -> str:
        return find_host_id(Settings(host_id=host_id), str(etc), str(sys))

    assert found()
    (sys / "class/dmi/id/product_uuid").write_text("0F0F-ABC\n")
    assert found() == "0f0f-abc"
    (etc / "machine-id").write_text("uninitialized\n")
    assert found() == "0f0f-abc"
    (etc / "machine-id").write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    assert found() == "3d1219c7c4c5404aaa1f6d2a48adfda4"
    assert found(host_id="web7") == "web7"


def test_an_id_that_no_record_may_have_is_refused() -> None:
    with pytest.raises(ValueError, match="set host_id"):
        find_host_id(Settings(host_id="ä"), "/nonexistent", "/nonexistent") and pytest.fail("accepted")


def test_interfaces_of_containers_and_machines_are_local_and_others_are_not() -> None:
    names = ["lo", "docker0", "br-0123456789ab", "virbr0", "lxcbr0", "lxdbr0", "incusbr0", "podman1", "docker_gwbridge"]
    others = ["eth0", "br0", "br-lan", "bond0", "wg0", "docker0x"]
    collector = host([InterfaceAddress(name, "10.0.0.1", 24, "") for name in (*names, *others)])
    collector.collect(WINDOW)

    assert local(collector.interfaces) == {**dict.fromkeys(names, True), **dict.fromkeys(others, False)}


def test_what_counts_as_local_is_a_setting() -> None:
    collector = host([InterfaceAddress("eth0", "10.0.0.1", 24, "")], Settings(local_interfaces=("eth[0-9]",)))
    collector.collect(WINDOW)

    assert local(collector.interfaces) == {"eth0": True}


def test_of_very_many_addresses_those_of_our_own_namespace_come_first() -> None:
    own = [InterfaceAddress("zz0", f"10.0.0.{at}", 24, "") for at in range(1, 101)]
    containers = [
        InterfaceAddress("eth0", f"10.{at >> 8}.{at & 255}.1", 16, "", netns=at, segment="docker0")
        for at in range(1, 601)
    ]
    collector = host([*own, *containers])
    collector.collect(KEYFRAME)

    assert {one.address for one in own} <= set(collector.interfaces.address)
    assert len(collector.interfaces) == MOST_ADDRESSES
    assert str(700 - MOST_ADDRESSES) in collector.missing()["some addresses of this host"]


def test_of_very_many_addresses_each_other_namespace_has_its_share() -> None:
    many = [InterfaceAddress(f"eth{at}", f"10.1.{at >> 8}.{at & 255}", 32, "", netns=7) for at in range(1_000)]
    few = [InterfaceAddress("eth0", f"10.2.0.{at}", 24, "", netns=8) for at in range(1, 31)]
    collector = host([*many, *few, InterfaceAddress("eth0", "10.3.0.1", 24, "", netns=9)])
    collector.collect(KEYFRAME)
    reported = set(collector.interfaces.address)

    assert {one.address for one in few} | {"10.3.0.1"} <= reported
    assert len(reported) == MOST_ADDRESSES


def test_loopback_addresses_of_other_namespaces_are_not_reported() -> None:
    collector = host(
        [
            InterfaceAddress("lo", "127.0.0.1", 8, "", inside=True),
            *(InterfaceAddress("lo", address, 8, "", inside=True, netns=7) for address in ("127.0.0.1", "::1")),
            InterfaceAddress("eth0", "10.0.0.1", 24, "", netns=7),
        ]
    )
    collector.collect(KEYFRAME)

    assert {(row[1], row[5]) for row in collector.interfaces.rows()} == {("10.0.0.1", 7), ("127.0.0.1", 0)}
    assert collector.missing() == {}


def test_no_address_of_the_internet_is_claimed_by_an_interface_that_leads_nowhere() -> None:
    collector = host(
        [
            InterfaceAddress("x0", "203.0.114.1", 24, "", netns=7, segment="netns-7"),
            InterfaceAddress("eth0", "203.0.114.2", 24, "", netns=8, segment="docker0"),
        ]
    )
    collector.collect(KEYFRAME)

    assert local(collector.interfaces) == {"x0": True, "eth0": False}


def test_facts_are_reported_on_keyframes_and_when_an_address_changes() -> None:
    addresses = [InterfaceAddress("eth0", "10.0.0.1", 24, "02:00:00:00:00:01")]
    collector = HostCollector(Settings(labels={"zone": "b"}), interfaces=lambda: addresses)
    collector.open(WINDOW)

    def reported(window: Window) -> HostFacts:
        return collector.collect(window)

    first = reported(WINDOW)
    assert (first.labels, first.interfaces.address, first.cpus > 0) == ({"zone": "b"}, ["10.0.0.1"], True)
    assert first.booted > 1_000_000_000_000
    assert reported(WINDOW).interfaces.address == []
    assert reported(KEYFRAME).interfaces.address == ["10.0.0.1"]
    addresses.append(InterfaceAddress("eth0", "10.0.0.2", 24, "02:00:00:00:00:01"))
    assert reported(WINDOW).interfaces.address == ["10.0.0.1", "10.0.0.2"]


def test_addresses_are_those_that_ip_shows() -> None:
    shown = subprocess.run(["ip", "-br", "addr"], capture_output=True, text=True, check=True).stdout.split()
    expected = {word.split("/")[0] for word in shown if "/" in word}

    assert {one.address for one in read_interfaces()} == expected
    assert InterfaceAddress("lo", "127.0.0.1", 8, "", inside=True, interface=1) in read_interfaces()


def test_the_system_is_named_as_it_names_itself() -> None:
    assert parse_os_release(b'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12"\n') == "Debian GNU/Linux 12"
    assert parse_os_release(b"") == "Linux"
    assert len(find_boot_id()) == 36


def test_load_is_of_the_window_alone() -> None:
    meter = LoadMeter()
    sum(range(3_000_000))
    load = meter.read()
    again = meter.read()

    assert load.agent_cpu_ms > 0
    assert load.agent_rss_bytes > 5_000_000
    assert 0 <= load.cpu_ratio <= 1
    assert 0 < load.memory_used_bytes < load.memory_total_bytes
    assert again.agent_cpu_ms <= load.agent_cpu_ms


def test_the_kernel_s_tables_are_read() -> None:
    network = (
        b"Inter-|x\n face |y\n    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n  eth0:100 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0\n"
    )

    assert parse_network(network) == (100, 50)
    assert parse_network(b"") == (0, 0)


def test_the_share_of_busy_time_is_that_between_two_readings(tmp_path: Path) -> None:
    def spent(busy: int, idle: int) -> None:
        (tmp_path / "stat").write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 7 0\ncpu0 1\n")

    spent(100, 100)
    meter = LoadMeter(str(tmp_path))
    spent(125, 175)
    assert meter.read().cpu_ratio == 0.25
    assert LoadMeter().read().memory_total_bytes > 0  # of the procfs of this host again


def test_figures_that_could_not_be_read_once_are_those_since_the_last_reading(tmp_path: Path) -> None:
    device = tmp_path / "net" / "dev"
    device.parent.mkdir()

    def counted(busy: int, idle: int, received: int, sent: int) -> None:
        (tmp_path / "stat").write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1\n")
        device.write_text(f"Inter-|x\n face |y\n  eth0: {received} 1 0 0 0 0 0 0 {sent} 1 0 0 0 0 0 0\n")

    counted(900, 100, received=5_000, sent=7_000)
    meter = LoadMeter(str(tmp_path))
    (tmp_path / "stat").unlink()
    device.unlink()
    unread = meter.read()
    assert "net/dev" in next(iter(meter.missing()))
    assert (unread.cpu_ratio, unread.network_received_bytes, unread.network_sent_bytes) == (0, 0, 0)

    counted(925, 175, received=5_100, sent=7_050)
    load = meter.read()
    assert (load.cpu_ratio, load.network_received_bytes, load.network_sent_bytes) == (0.25, 100, 50)


def test_a_reading_that_fails_keeps_the_totals_of_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  900 0 0 100 0 0 0 0 0 0\ncpu0 1\n")
    (tmp_path / "loadavg").write_text("odd")
    meter = LoadMeter(str(tmp_path))  # its first reading fails
    (tmp_path / "loadavg").write_text("0.5 0.1 0.1 1/2 3")
    load = meter.read()
    assert (load.load1, load.cpu_ratio, load.agent_cpu_ms) == (0.5, 0, 0)

    (tmp_path / "stat").write_text("cpu  925 0 0 175 0 0 0 0 0 0\ncpu0 1\n")
    (tmp_path / "loadavg").write_text("odd")
    with pytest.raises(ValueError, match="odd"):
        meter.read()
    (tmp_path / "loadavg").write_text("0.5 0.1 0.1 1/2 3")
    assert meter.read().cpu_ratio == 0.25


def test_memory_in_use_is_what_is_not_available(tmp_path: Path) -> None:
    sizes = {
        "MemTotal": 100,
        "MemFree": 10,
        "MemAvailable": 60,
        "Buffers": 1,
        "Cached": 5,
        "SwapTotal": 8,
        "SwapFree": 5,
    }
    (tmp_path / "meminfo").write_text("".join(f"{name}: {size} kB\n" for name, size in sizes.items()))
    load = LoadMeter(str(tmp_path)).read()
    assert (load.memory_used_bytes, load.memory_total_bytes, load.swap_used_bytes) == (40_960, 102_400, 3_072)
