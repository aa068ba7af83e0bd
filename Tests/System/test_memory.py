"""Memory is bounded, whatever the size of the input."""

from harness import peak_memory_mib

LIMIT_MIB = 300
# Allowed growth from the small to the four times larger input: a quarter, and what noise there is.
GROWTH, NOISE_MIB = 1.25, 16


def test_no_process_grows_with_the_input(new_cluster, sample):
    peaks = {}
    for scale in (0.005, 0.02):
        cluster = new_cluster(chunk="1MiB")
        cluster.load("imdb", "--input", sample(scale))
        workers = [peak_memory_mib(pid) for pid in cluster.worker_pids()]
        assert len(workers) == 2
        peaks[scale] = peak_memory_mib(cluster.coordinator_pid()), max(workers)
        cluster.down()
    for name, small, large in zip(("coordinator", "worker"), peaks[0.005], peaks[0.02]):
        assert large < LIMIT_MIB, f"the {name} had {large:.0f} MiB"
        assert large < small * GROWTH + NOISE_MIB, f"the {name}: {small:.0f}, then {large:.0f} MiB"
