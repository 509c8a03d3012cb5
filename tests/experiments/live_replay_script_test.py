"""Where results/live_replay.py puts what it times, without a GPU: python3 tests/experiments/live_replay_script_test.py."""

import argparse
import os
import pathlib
import subprocess
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "results"))

import live_replay  # noqa: E402

CORES = sorted(os.sched_getaffinity(0))


class Core(unittest.TestCase):
    def test_programs_started_meanwhile_run_there_and_later_ones_anywhere(self):
        def cores_of_a_program():
            words = [sys.executable, "-c", "import os; print(sorted(os.sched_getaffinity(0)))"]
            return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
        with live_replay.pinned(CORES[-1]):
            self.assertEqual(cores_of_a_program(), str([CORES[-1]]))
        self.assertEqual(cores_of_a_program(), str(CORES))
        with live_replay.pinned(None):
            self.assertEqual(cores_of_a_program(), str(CORES))

    def test_a_failure_frees_the_program_too(self):
        with self.assertRaises(ValueError), live_replay.pinned(CORES[0]):
            raise ValueError
        self.assertEqual(sorted(os.sched_getaffinity(0)), CORES)

    def test_the_core_with_the_best_of_the_slowest_loops_is_taken(self):
        last = CORES[-1]
        self.assertEqual(live_replay.steadiest_core(lambda core: [3, 3, 3] if core == last else [1, 1, 4]), last)

    def test_a_loop_takes_time_on_the_core_it_is_asked_for(self):
        self.assertTrue(all(seconds > 0 for seconds in live_replay.seconds_on(CORES[0])))
        self.assertEqual(sorted(os.sched_getaffinity(0)), CORES)

    def test_only_cores_that_may_be_used_are_taken(self):
        self.assertEqual([live_replay.core_of(word) for word in ("auto", "none", str(CORES[0]))],
                         ["auto", "none", CORES[0]])
        for word in (str(CORES[-1] + 1), "-1", "fast", ""):
            with self.assertRaises(argparse.ArgumentTypeError):
                live_replay.core_of(word)

    def test_the_page_tells_the_core_of_what_was_timed(self):
        given = types.SimpleNamespace(parts="verify,fidelity", commit="abc", recordings=[])
        self.assertIn("Timed on core 7.", live_replay.head_line(given, 7))
        self.assertIn("Timed on any core.", live_replay.head_line(given, None))
        given.parts = "verify"
        self.assertNotIn("Timed", live_replay.head_line(given, 7))

    def test_the_core_is_as_asked_for_and_none_where_nothing_is_timed(self):
        def core(parts, word):
            return live_replay.timed_core(types.SimpleNamespace(parts=parts, core=word))
        self.assertIn(core("fidelity", "auto"), CORES)
        self.assertEqual([core("fidelity", 0), core("fidelity", "none"), core("measured", 0)], [0, None, None])


if __name__ == "__main__":
    unittest.main()
