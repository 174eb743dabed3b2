"""Programs are assembled to the bytes that the kernel's documentation gives."""

import pytest

from collectors.bpf_assembler import Assembler, R


def code(*hexadecimal: str) -> bytes:
    return bytes.fromhex("".join(hexadecimal))


def test_each_instruction_has_its_bytes() -> None:
    program = Assembler()
    program.load(R.R1, R.R6, 88)
    program.load(R.R2, R.R6, 324, 4)
    program.store(R.R10, -8, R.R0)
    program.store_value(R.R10, -16, 7, 4)
    program.move(R.R6, R.R1)
    program.set(R.R0, -1)
    program.add(R.R2, -8)
    program.subtract(R.R2, R.R3)
    program.count(R.R0, R.R1)
    program.map(R.R1, 9)
    program.call(46)
    program.exit()

    assert program.assemble() == code(
        "7961580000000000", "6162440100000000", "7b0af8ff00000000", "620af0ff07000000", "bf16000000000000",
        "b7000000ffffffff", "07020000f8ffffff", "1f32000000000000", "db10000000000000", "1811000009000000",
        "0000000000000000", "850000002e000000", "9500000000000000",
    )  # fmt: skip


def test_jumps_go_to_labels_before_and_behind_them() -> None:
    program = Assembler()
    program.label("again")
    program.jump_if(R.R1, "==", 2, "end")
    program.jump_if(R.R1, "!=", R.R2, "end")
    program.jump("again")
    program.label("end")
    program.exit()

    assert program.assemble() == code("1501020002000000", "5d21010000000000", "0500fdff00000000", "9500000000000000")


def test_a_label_is_there_once() -> None:
    nowhere, twice = Assembler(), Assembler()
    nowhere.jump("end")
    twice.label("end")

    with pytest.raises(ValueError, match="no label end"):
        nowhere.assemble()
    with pytest.raises(ValueError, match="two labels end"):
        twice.label("end")
