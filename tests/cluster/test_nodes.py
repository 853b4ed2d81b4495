"""Demands of a cluster on its nodes: packages, GPUs, tokens, ports; each fault in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.hosts import Host
from contracts.on_hosts import marks
from contracts.processes import without_actsearch
from contracts.ray_cluster import RayCluster, exactly_once
from contracts.smoke import smoke

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,  # one to three minutes each
    pytest.mark.heavy,
    pytest.mark.timeout(900),
]

# As in docs/cluster.md.
PORTS = (
    "--node-manager-port=6380",
    "--object-manager-port=6381",
    "--runtime-env-agent-port=6382",
    "--dashboard-agent-grpc-port=6383",
    "--dashboard-agent-listen-port=6384",
    "--metrics-export-port=6385",
    "--min-worker-port=6400",
    "--max-worker-port=6499",
)
OPENED = {*range(6380, 6386), *range(6400, 6500)}
SCORE = ("actsearch", "score", "relu(x)", "--limit-data", "2000", "--recipe", "/tmp/smoke.toml")


def last_line(cluster: RayCluster, host: Host, *options: str, **variables: str) -> str:
    """Last line of the error with which `score` on the cluster, from a host, is refused."""
    done = host.run(
        *SCORE, "--ray-address", cluster.address, *options, check=False, variables=variables
    )
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_a_node_with_another_torch_or_without_our_code_is_told_before_training(
    cluster: RayCluster,
) -> None:
    head, second, third = cluster.hosts
    other = second.folder / "other/torch-9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 9.9\n")
    cluster.join(second, PYTHONPATH="/tmp/other")
    without_actsearch(third.folder / "none")
    cluster.join(third, PYTHONPATH="/tmp/none")
    refusal = last_line(cluster, head)
    assert "the node 10.77.0.2 has torch 9.9 (" in refusal
    assert "the node 10.77.0.3 has no actsearch" in refusal
    assert "install there what this machine has" in refusal
    cluster.leave(third)
    cluster.leave(second)
    assert head.run(*SCORE, "--ray-address", cluster.address).returncode == 0


def test_shares_of_a_logical_gpu_are_scheduled_where_it_is_and_no_worker_sees_another(
    cluster: RayCluster, meeting: Path
) -> None:
    _, second, _ = cluster.hosts
    cluster.join(second, 4, "--num-gpus=2")
    log = cluster.search(
        *("--name", "a", "--candidates", "36", "--workers", "4", "--gpus-per-worker", "0.5"),
        *("--lag", "27", "--no-confirm", "--strategy", "random"),
        *("--evaluator", "contracts.on_hosts:Meeting"),
        MEETING=str(meeting),
        MEMBERS="4",
    )
    cluster.ended(log)
    exactly_once(cluster.trials("a"), 36)
    left = marks(meeting)
    assert {mark["host"] for mark in left} == {"host-2"}
    visible = [mark["visible"] for mark in left]
    assert sorted(map(str, visible)) == ["0", "0", "1", "1"], "two on each GPU, and it alone"
    refusal = last_line(cluster, cluster.head, "--workers", "1", "--gpus-per-worker", "4")
    assert "no node of the Ray cluster has more than 2: lower --gpus-per-worker" in refusal


def test_a_cluster_with_a_token_lets_in_who_has_it_and_tells_who_has_not(
    three_hosts: list[Host],
) -> None:
    head, second, _ = three_hosts
    (second.folder / "smoke.toml").write_text(smoke())
    cluster = RayCluster(three_hosts)
    made = head.run("ray", "get-auth-token", "--generate").stdout.split()[-1]
    secret = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": made}
    cluster.start_head(1, **secret)
    cluster.join(second, 1, **secret)
    refusal = last_line(cluster, second)
    assert "does not let this machine in" in refusal
    wrong = {**secret, "RAY_AUTH_TOKEN": "f" * 32}
    assert "that of RAY_AUTH_TOKEN is not its own" in last_line(cluster, second, **wrong)
    done = head.run(*SCORE, "--ray-address", cluster.address, "--workers", "2", variables=secret)
    assert "relu(x)" in done.stdout
    assert secret["RAY_AUTH_TOKEN"] not in done.stdout + done.stderr


def test_a_node_listens_at_the_ports_it_was_asked_to_and_no_other(cluster: RayCluster) -> None:
    second = cluster.hosts[1]
    cluster.join(second, 1, *PORTS)
    open_to_others = {port for at, port in second.listens_at() if not at.startswith("127.")}
    assert {6380, 6381} <= open_to_others
    assert open_to_others <= OPENED, open_to_others - OPENED


def test_a_temporary_folder_too_long_for_sockets_is_told_or_worked_around(
    three_hosts: list[Host],
) -> None:
    host = three_hosts[0]
    long = host.folder / ("a-folder-with-a-long-name-" * 3)
    long.mkdir()
    done = host.run(
        *SCORE, "--workers", "2", check=False, variables={"TMPDIR": f"/tmp/{long.name}"}
    )
    assert done.returncode == 1
    assert "is too long for Ray's sockets" in done.stderr.splitlines()[-1]
    assert "set RAY_TMPDIR to a short one" in done.stderr.splitlines()[-1]
    done = host.run(
        *SCORE, "--workers", "2", variables={"TMPDIR": f"/tmp/{long.name}", "RAY_TMPDIR": "/tmp"}
    )
    assert "relu(x)" in done.stdout
