"""The sweep of docs/arrays.md on a cluster of two workers, of which one is lost on the way: as the page has it."""

import logging
import os
import signal
import threading
import time
from functools import partial

import dask
import distributed
import numpy as np

import lifetime as lt
from notebooks import ROOT
from test_documents import snippets

(LINES,) = (code for code in snippets(ROOT / "docs" / "arrays.md", "python") if "dask.distributed" in code)


def slowly(block, folder):
    """The block itself, after a while, with a note of who has begun it."""
    (folder / f"{os.getpid()}").touch()
    time.sleep(0.2)
    return block


def kill_first(folder, killed):
    """Kill the first worker that has begun a block."""
    ends = time.monotonic() + 100
    while not (begun := list(folder.iterdir())) and time.monotonic() < ends:
        time.sleep(0.02)
    time.sleep(0.3)
    os.kill(int(begun[0].name), signal.SIGKILL)
    killed.append(int(begun[0].name))


def test_the_lines_of_the_page_run_on_a_cluster_that_loses_a_worker(tmp_path):
    uncertain = {"law": lt.OneOf(["Besiroglu2024", "Sardana2024Refit"]), "D_inf": lt.loguniform(1e12, 1e14)}
    drawn = lt.sample(uncertain, n=16 * 2**10, rng=0, chunk=2**10)
    law, D_inf = dask.compute(drawn["law"].coefficients, drawn["D_inf"], scheduler="sync")
    law, given = lt.ScalingLaw(**law), {"D_RL": 0, "e_inf": 1 / 3}
    expected = lt.cheapest(law, loss=law.loss(70e9, 1.4e12), D_inf=D_inf, **given).N

    drawn["D_inf"] = drawn["D_inf"].map_blocks(partial(slowly, folder=tmp_path), meta=np.empty(0))
    plan, killed = lt.cheapest(**drawn, loss=drawn["law"].loss(70e9, 1.4e12), **given), []
    killer = threading.Thread(target=kill_first, args=(tmp_path, killed))
    local = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with distributed.LocalCluster(**local, silence_logs=logging.CRITICAL) as cluster:
        killer.start()
        names = {"plan": plan}
        exec(LINES.replace("scheduler:8786", cluster.scheduler_address), names)
        killer.join()
        with names["client"] as client:
            assert killed[0] not in client.run(os.getpid).values()
    assert len({path.name for path in tmp_path.iterdir()}) >= 2, "another worker did what was left"
    assert np.array_equal(names["N"], expected)
