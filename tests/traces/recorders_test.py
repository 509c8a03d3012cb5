"""The parts of traces/recorders that need no GPU: python3 tests/traces/recorders_test.py. Run by recorders_test.cpp.

Tensors are stood in for by objects with what the recorder asks of them."""

import os
import pathlib
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "traces/recorders"))

# --- A torch of tensors that have a storage and nothing else ---------------------------------------------------------


class Storage:
    def __init__(self, address, size):
        self._address, self._size = address, size

    def data_ptr(self):
        return self._address

    def nbytes(self):
        return self._size


class Tensor:
    def __init__(self, address, size=64, elements=16, device="cuda", layout="strided", parts=()):
        self.layout, self.device = layout, types.SimpleNamespace(type=device)
        self._storage, self._elements, self._parts = Storage(address, size), elements, parts

    def untyped_storage(self):
        if self._storage.data_ptr() is None:
            raise RuntimeError("fake tensors have no storage")
        return self._storage

    def is_contiguous(self):
        return True

    def numel(self):
        return self._elements

    def element_size(self):
        return 4

    def _indices(self):
        return self._parts[0]

    def _values(self):
        return self._parts[1]


sys.modules["torch"] = types.SimpleNamespace(
    Tensor=Tensor, strided="strided", sparse_coo="coo", sparse_csr="csr", sparse_csc="csc", sparse_bsr="bsr",
    sparse_bsc="bsc")

from vramlab_recorder import iteration_marks, kernel_times, operands, operator_merge, program  # noqa: E402
from vramlab_recorder.operator_merge import Iteration, Operator, RecordingError  # noqa: E402


def argument(name, written=None, kwarg_only=False):
    alias = None if written is None else types.SimpleNamespace(is_write=written)
    return types.SimpleNamespace(name=name, alias_info=alias, kwarg_only=kwarg_only)


class Function:
    """An operator with a schema; without arguments, one that has none."""

    def __init__(self, name, *arguments):
        if arguments:
            self._schema = types.SimpleNamespace(name=name, arguments=arguments)


def operands_of(func, args, kwargs=None, result=None):
    found = operands.Operands(func, args, kwargs or {})
    found.add_results(result)
    return found.reads, found.writes


class OperandsOfAnOperator(unittest.TestCase):
    def test_a_result_of_its_own_is_written_and_what_was_given_is_read(self):
        add = Function("aten::add", argument("self"), argument("other"), argument("alpha", kwarg_only=True))
        self.assertEqual(operands_of(add, (Tensor(1), Tensor(2)), {"alpha": 1}, Tensor(3)), ([1, 2], [3]))

    def test_a_view_writes_nothing(self):
        view = Function("aten::view", argument("self", written=False), argument("size"))
        self.assertEqual(operands_of(view, (Tensor(1), [4]), result=Tensor(1)), ([1], []))

    def test_what_is_changed_in_place_is_read_and_written(self):
        add = Function("aten::add_", argument("self", written=True), argument("other"))
        self.assertEqual(operands_of(add, (Tensor(1), Tensor(2)), result=Tensor(1)), ([1, 2], [1]))

    def test_what_is_overwritten_whole_is_not_read(self):
        fill = Function("aten::fill_", argument("self", written=True), argument("value"))
        self.assertEqual(operands_of(fill, (Tensor(1), 0), result=Tensor(1)), ([], [1]))

    def test_what_is_overwritten_in_part_is_read_too(self):
        fill = Function("aten::fill_", argument("self", written=True), argument("value"))
        self.assertEqual(operands_of(fill, (Tensor(1, size=128), 0), result=Tensor(1)), ([1], [1]))

    def test_an_out_argument_is_written_only(self):
        add = Function("aten::add.out", argument("self"), argument("out", written=True, kwarg_only=True))
        self.assertEqual(operands_of(add, (Tensor(1),), {"out": Tensor(2)}, Tensor(2)), ([1], [2]))

    def test_lists_of_tensors_are_gone_through(self):
        add = Function("aten::_foreach_add_", argument("self", written=True), argument("other"))
        given = ([Tensor(1), Tensor(2)], [Tensor(3), None])
        self.assertEqual(operands_of(add, given), ([1, 2, 3], [1, 2]))

    def test_a_sparse_tensor_is_its_indices_and_values(self):
        mm = Function("aten::mm", argument("self"), argument("mat2"))
        sparse = Tensor(None, layout="coo", parts=(Tensor(1), Tensor(2)))
        self.assertEqual(operands_of(mm, (sparse, Tensor(3)), result=Tensor(4)), ([1, 2, 3], [4]))

    def test_what_has_no_memory_on_the_gpu_is_passed_over(self):
        copy = Function("aten::copy_", argument("self", written=True), argument("src"))
        given = (Tensor(1), Tensor(2, device="cpu"))
        self.assertEqual(operands_of(copy, given), ([], [1]))
        self.assertEqual(operands_of(copy, (Tensor(None), Tensor(0))), ([], []))

    def test_an_operator_without_a_schema_reads_all_and_writes_its_results(self):
        higher = Function("flex_attention")
        self.assertEqual(operands_of(higher, (Tensor(1), [Tensor(2)]), {"x": Tensor(3)}, (Tensor(4),)),
                         ([1, 2, 3], [4]))


# --- Kernels ---------------------------------------------------------------------------------------------------------


def annotation(item, begin, duration, category="user_annotation"):
    return {"cat": category, "name": f"vramlab:{item}", "ts": begin, "dur": duration}


def kernel(correlation, duration, launched=None, category="kernel"):
    events = [{"cat": category, "ts": 1e6, "dur": duration, "args": {"correlation": correlation}}]
    if launched is not None:
        events.append({"cat": "cuda_runtime", "ts": launched, "args": {"correlation": correlation}})
    return events


class KernelTimes(unittest.TestCase):
    def test_a_kernel_belongs_to_the_range_that_launched_it_whenever_it_ran(self):
        times = kernel_times.attribute([annotation(7, 100, 10), annotation(4, 50, 10), *kernel(1, 2.5, launched=55),
                                        *kernel(2, 4.0, launched=109), *kernel(3, 8.0, launched=101, category="gpu_memcpy")])
        self.assertEqual(times.inside, {4: 2.5, 7: 12.0})
        self.assertEqual(times.outside, {})

    def test_a_kernel_between_two_ranges_is_kept_beside_the_one_before(self):
        times = kernel_times.attribute([annotation(4, 50, 10), *kernel(1, 1.0, launched=70), *kernel(2, 2.0, launched=1)])
        self.assertEqual(times.outside, {4: 1.0, None: 2.0})
        self.assertEqual(times.total_us(), 3.0)

    def test_a_kernel_without_a_launch_is_counted(self):
        self.assertEqual(kernel_times.attribute(kernel(1, 3.0)).unmatched_us, 3.0)

    def test_the_ranges_that_the_gpu_shows_are_not_those_of_the_host(self):
        times = kernel_times.attribute([annotation(4, 50, 10), annotation(5, 55, 10, "gpu_user_annotation"),
                                        *kernel(1, 1.0, launched=58)])
        self.assertEqual(times.inside, {4: 1.0})

    def test_times_are_given_to_operators_by_their_place(self):
        items = [Iteration(3), Operator("a", []), Operator("b", [])]
        kernel_times.assign(items, kernel_times.attribute([annotation(1, 0, 10), *kernel(1, 5.0, launched=4),
                                                           *kernel(2, 6.0, launched=11)]))
        self.assertEqual([(op.gpu_us, op.outside_us) for op in items[1:]], [(5.0, 6.0), (0.0, 0.0)])
        self.assertEqual(operator_merge.gpu_us_by_iteration(items), {3: 11.0})


# --- Joining ---------------------------------------------------------------------------------------------------------


def event(action, address, size=8, code=None, time_us=0, stream=0):
    made = {"action": action, "addr": address, "size": size, "stream": stream, "time_us": time_us}
    if code is not None:
        made["user_metadata"] = str(code)
    return made


# One step: iteration 0 (item 0), iteration 1 (item 1), an operator (item 2) with a workspace, one (item 3) in place.
ITEMS = [Iteration(0), Iteration(1), Operator("aten.mm.default", [0x10], [0x20], gpu_us=1.5),
         Operator("aten.add_.Tensor", [0x20], [0x20], gpu_us=0.25, outside_us=2.0)]
EVENTS = [
    event("segment_alloc", 0x10, 2 << 20, code=0),
    event("alloc", 0x10, 64, code=2),
    event("alloc", 0x30, 512, code=5),
    event("alloc", 0x20, 128, code=5, stream=9),
    event("free_requested", 0x30, 512, code=5),
    event("free_completed", 0x30, 512, code=5),
    event("free_completed", 0x10, 64, code=6),
    event("free_completed", 0x20, 128, code=8),
    event("free_completed", 0x77, 128, code=8),
]
LINES = [
    "iteration,0", "alloc,0,64,0", "iteration,1", "alloc,1,512,0", "alloc,2,128,9", "free,1",
    "op,aten.mm.default,1.500,0,2", "free,0", "op,aten.add_.Tensor,0.250,2,2", "op,outside-operators,2.000,,", "free,2"
]


class Joining(unittest.TestCase):
    def test_operators_stand_behind_their_allocations_and_before_the_frees_that_follow(self):
        merged = operator_merge.merge(ITEMS, EVENTS)
        self.assertEqual(merged.lines, LINES)
        self.assertEqual(merged.unknown_frees, 1)
        self.assertEqual(merged.operators, 2)

    def test_without_metadata_the_times_tell_the_order(self):
        events = [{**e, "user_metadata": "", "time_us": 100 + 10 * i} for i, e in enumerate(EVENTS)]
        codes = sorted((100 + 10 * i - 5, int(e["user_metadata"])) for i, e in enumerate(EVENTS))
        self.assertEqual(operator_merge.merge(ITEMS, events, codes).lines, LINES)

    def test_an_operand_freed_inside_its_operator_is_none_of_its_line(self):
        events = [event("alloc", 1, code=2), event("free_completed", 1, code=3), event("alloc", 1, 16, code=3)]
        lines = operator_merge.merge([Iteration(0), Operator("resize", [1], [1])], events).lines
        self.assertEqual(lines, ["iteration,0", "alloc,0,8,0", "free,0", "alloc,1,16,0", "op,resize,0.000,,1"])

    def test_an_operand_inside_an_allocation_is_that_allocation_and_a_stranger_is_counted(self):
        merged = operator_merge.merge([Operator("x", [0x104, 0x200, 0x108])], [event("alloc", 0x100, 16, code=0)])
        self.assertEqual(merged.lines[-1], "op,x,0.000,0,")
        self.assertEqual(merged.foreign, 1)

    def test_memory_from_before_comes_first(self):
        merged = operator_merge.merge([Operator("x", [5])], [], live_before=[(5, 24, 3)])
        self.assertEqual(merged.lines, ["alloc,0,24,3", "op,x,0.000,0,"])

    def test_operators_of_the_cpu_are_left_out(self):
        self.assertEqual(operator_merge.merge([Operator("aten.add", [])], []).lines, [])

    def test_an_address_allocated_twice_is_an_error(self):
        with self.assertRaisesRegex(RecordingError, "events are missing"):
            operator_merge.merge([], [event("alloc", 1), event("alloc", 1)])

    def test_names_are_made_fit_for_the_format(self):
        self.assertEqual(operator_merge.clean("my op,a;\n"), "my_op_a__")
        self.assertEqual(operator_merge.clean(""), "unnamed")

    def test_a_cut_off_iteration_can_be_taken_away(self):
        self.assertEqual(operator_merge.without_last_iteration(["iteration,0", "a", "iteration,1", "b"]),
                         ["iteration,0", "a"])


class Writing(unittest.TestCase):
    def test_the_file_is_there_whole_or_not_at_all(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "trace.csv")

            def broken():
                yield "alloc,0,8,0"
                raise RuntimeError("no more")

            with self.assertRaisesRegex(RuntimeError, "no more"):
                operator_merge.write_lines(path, broken())
            self.assertEqual(os.listdir(folder), [])
            operator_merge.write_lines(path, ["a", "b"])
            self.assertEqual(pathlib.Path(path).read_text(), "a\nb\n")
            self.assertEqual(os.listdir(folder), ["trace.csv"])


# --- Marks and programs ----------------------------------------------------------------------------------------------


class Marking(unittest.TestCase):
    def test_a_named_function_marks_when_its_outermost_call_ends(self):
        module = types.ModuleType("vramlab_marked")
        exec("class C:\n  def f(self, n):\n    return self.f(n - 1) + 1 if n else 0", module.__dict__)
        sys.modules["vramlab_marked"] = module
        seen = []
        iteration_marks.Marks(lambda: seen.append(1)).install("vramlab_marked:C.f")
        self.assertEqual(module.C().f(3), 3)
        self.assertEqual(len(seen), 1)

    def test_several_marks_make_an_iteration(self):
        seen = []
        marks = iteration_marks.Marks(lambda: seen.append(1), every=2)
        for _ in range(5):
            marks.seen()
        self.assertEqual(len(seen), 2)

    def test_a_name_that_does_not_exist_is_refused(self):
        for name in ("step", "nowhere_at_all:f", "os:nothing"):
            with self.assertRaises(RecordingError):
                iteration_marks.find_holder(name)


class Programs(unittest.TestCase):
    def test_the_interpreter_may_be_named(self):
        self.assertEqual(program.words_of(["python3", "-u", "a.py", "-x"]), ["a.py", "-x"])
        self.assertEqual(program.words_of(["python3.12", "-m", "m", "1"]), ["-m", "m", "1"])
        self.assertEqual(program.words_of(["a.py"]), ["a.py"])

    def test_what_cannot_be_run_is_refused(self):
        self.assertIn("no program", program.refusal([]))
        self.assertIn("no module", program.refusal(["-m"]))
        self.assertIn("-c", program.refusal(["python3", "-c", "1"]))
        self.assertIn("no file", program.refusal(["nowhere.py"]))
        self.assertEqual(program.refusal([__file__]), "")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--write-trace":  # of recorders_test.cpp
        operator_merge.write_lines(sys.argv[2], operator_merge.merge(ITEMS, EVENTS).lines)
    else:
        unittest.main()
