"""What results/training.py makes of its runs, without running any: python3 tests/experiments/training_script_test.py."""

import pathlib
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "results"))

import training  # noqa: E402


def run(variant, number, ms, losses, report=None, exit_code=0):
    steps = [{"step": i, "loss": float(loss).hex(), "ms": time} for i, (loss, time) in enumerate(zip(losses, ms))]
    return {"program": "resnet50", "variant": variant, "round": number, "exit_code": exit_code, "steps": steps,
            "report": report}


BASE = run("pytorch", 0, [90, 10, 10, 10], [1, 2, 3, 4], {"peak_requested_bytes": 100, "peak_reserved_bytes": 150})


class Comparing(unittest.TestCase):
    def row(self, *runs):
        return training.compare([BASE, *runs], "resnet50", "smartpool")

    def test_the_first_steps_are_not_timed_and_the_ratio_is_within_a_round(self):
        row = self.row(run("smartpool", 0, [500, 11, 11, 11], [1, 2, 3, 4]), run("pytorch", 1, [9, 20, 20, 20], [1, 2, 3, 4]),
                       run("smartpool", 1, [9, 20, 20, 20], [1, 2, 3, 4]))
        self.assertAlmostEqual(row["step_ratio"], (1.1 + 1.0) / 2)
        self.assertEqual(row["loss_differs"], "")

    def test_a_loss_that_differs_in_its_last_bit_is_told(self):
        row = self.row(run("smartpool", 0, [1] * 4, [1, 2, 3.0000000000000004, 4]))
        self.assertEqual(row["loss_differs"], "step 2: 3.0000000000000004 for 3.0")
        self.assertIn("differ", training.losses_text(row))

    def test_fewer_steps_are_a_difference(self):
        self.assertEqual(self.row(run("smartpool", 0, [1] * 3, [1, 2, 3]))["loss_differs"], "3 steps for 4")

    def test_the_worst_memory_of_the_rounds_counts(self):
        reports = [{"peak_requested_bytes": 100, "peak_reserved_bytes": size} for size in (101, 103)]
        row = self.row(*[run("smartpool", n, [1] * 4, [1, 2, 3, 4], report) for n, report in enumerate(reports)])
        self.assertEqual(row["reserved_over_requested"], 1.03)
        self.assertEqual(row["peak_reserved_bytes"], 103)

    def test_runs_that_failed_are_counted_and_give_no_figures(self):
        row = self.row(run("smartpool", 0, [], [], exit_code=1), run("smartpool", 1, [9], [1], exit_code=1))
        self.assertEqual((row["runs"], row["failed"], row["steps"], row["step_ratio"]), (2, 2, None, None))
        self.assertIn("2/2", training.table([row]))

    def test_without_a_run_there_is_no_row(self):
        self.assertIsNone(self.row())

    def test_without_the_base_there_is_no_ratio(self):
        row = training.compare([run("vmm", 0, [1], [1])], "resnet50", "vmm")
        self.assertEqual((row["loss_differs"], row["step_ratio"], row["step_ms"]), (None, None, 1))


class Running(unittest.TestCase):
    given = types.SimpleNamespace(vramlab=pathlib.Path("vramlab"), libraries=None, steps=3)

    def test_the_variants_take_turns(self):
        self.assertEqual([training.turns(["a", "b", "c"], n) for n in range(3)],
                         [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]])

    def test_our_variants_run_the_same_words_under_vramlab(self):
        native = training.command_of("resnet50", "pytorch", "r.json", self.given)
        self.assertEqual(training.command_of("resnet50", "vmm", "r.json", self.given),
                         ["vramlab", "run", "--pool", "vmm", "--", *native])

    def test_settings_of_the_environment_do_not_leak_into_the_base(self):
        training.os.environ["PYTORCH_ALLOC_CONF"] = "expandable_segments:True"
        self.addCleanup(training.os.environ.pop, "PYTORCH_ALLOC_CONF")
        self.assertNotIn("PYTORCH_ALLOC_CONF", training.environment_of("pytorch", "log", self.given))
        self.assertEqual(training.environment_of("pytorch", "log", self.given)["TRAINING_STEPS"], "3")

    def test_every_program_is_there(self):
        for program in training.PROGRAMS:
            self.assertTrue((training.ROOT / "results/training" / f"{program}.py").is_file())


if __name__ == "__main__":
    unittest.main()
