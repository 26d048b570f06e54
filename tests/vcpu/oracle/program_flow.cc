// The parts of random programs that go elsewhere: flags that the next block reads, calls of every
// shape and returns to places nobody expects, jumps through a table, and what interrupts run.
#include "vcpu/oracle/program.h"

/* --- flags that another block reads ----------------------------------------------------------- */

void ProgramMaker::flag_source()
{
    uint32_t reg = small_register();
    uint32_t pair = 0xc0 | reg << 3 | small_register();
    uint8_t imm8 = (uint8_t)random_next(random_);
    switch (below(12)) {
    case 0: /* cmp, test, sub ... of registers: all of 00..3B */
        return op({(uint8_t)(8 * below(8) + below(4)), (uint8_t)pair});
    case 1:
    case 2: /* cmp reg, reg */
        return op({(uint8_t)(0x38 + below(4)), (uint8_t)pair});
    case 3: /* test reg, reg */
        return op({(uint8_t)(0x84 + below(2)), (uint8_t)pair});
    case 4: /* cmp reg, imm8 */
        return op({(uint8_t)(one_in(2) ? 0x83 : 0x80), (uint8_t)(0xf8 | reg), imm8});
    case 5: /* add ... cmp [ebp + d], imm8 */
        return op_memory({0x83}, below(8), VCPU_EBP, 4 * (int32_t)below(32), {imm8});
    case 6: /* inc, dec */
        return op({(uint8_t)(0x40 + 8 * below(2) + reg)});
    case 7: /* shifts and rotates by imm8, 1, CL */
        switch (below(3)) {
        case 0:
            return op({0xc1, (uint8_t)(0xc0 | below(8) << 3 | reg), (uint8_t)(imm8 & 63)});
        case 1:
            return op({0xd1, (uint8_t)(0xc0 | below(8) << 3 | reg)});
        default: /* 0 and 1 are kinds of their own */
            if (one_in(2)) {
                op32({0xb9}, below(4) << below(6));
            }
            op({0xd3, (uint8_t)(0xc0 | below(8) << 3 | reg)});
            return one_in(4) ? flag_source() : void();
        }
    case 8: /* not, neg, mul, imul */
        return op({0xf7, (uint8_t)(0xd0 | below(4) << 3 | reg)});
    case 9: /* bsf, bsr, imul, bt */
        switch (below(4)) {
        case 0:
            return op({0x0f, (uint8_t)(0xbc + below(2)), (uint8_t)pair});
        case 1:
            return op({0x0f, 0xaf, (uint8_t)pair});
        case 2:
            return op({0x0f, 0xba, (uint8_t)(0xe0 | below(4) << 3 | reg), (uint8_t)(imm8 & 31)});
        default:
            op({0xf8});
            return op({(uint8_t)(one_in(2) ? 0xf9 : 0xf5)});
        }
    case 10: /* sahf; popf */
        if (one_in(2)) {
            return op({0x9e});
        }
        op({0x50});
        return op({0x9d});
    default:
        return plain();
    }
}

/* Where a block ends. */
void ProgramMaker::boundary()
{
    Label next = label();
    uint32_t reg = small_register();
    switch (below(9)) {
    case 0:
        op_to({0xe9}, next, true);
        break;
    case 8: /* jcc over what overwrites all flags */
        op_to({0x0f, (uint8_t)(0x80 + below(16))}, next, true);
        op({0x85, (uint8_t)(0xc0 | reg << 3 | reg)});
        break;
    case 1: /* jcc to the next either way */
    case 2:
        op_to({0x0f, (uint8_t)(0x80 + below(16))}, next, true);
        break;
    case 3: /* jcc over a jump, that is to the next in two ways */
        op_to({0x0f, (uint8_t)(0x80 + below(16))}, next, true);
        op_to({0xe9}, next, true);
        break;
    case 4: /* call a function that leaves flags alone */
        call(functions_[9]);
        break;
    case 5:
        op_to({(uint8_t)(0xb8 + reg)}, next, false);
        op({0xff, (uint8_t)(0xe0 | reg)});
        break;
    case 6: /* push, ret */
        op_to({0x68}, next, false);
        op({0xc3});
        break;
    default: /* none */
        break;
    }
    bind(next);
}

void ProgramMaker::flag_reader()
{
    uint32_t reg = small_register();
    uint8_t condition = (uint8_t)below(16);
    switch (below(12)) {
    case 0:
        return op({0x0f, (uint8_t)(0x90 | condition), (uint8_t)(0xc0 | below(8))});
    case 1:
        return op_memory({0x0f, (uint8_t)(0x90 | condition)}, 0, VCPU_EBP, (int32_t)below(64));
    case 2:
        return op({0x0f, (uint8_t)(0x40 | condition), (uint8_t)(0xc0 | reg << 3 | below(8))});
    case 3:
        return op_memory({0x0f, (uint8_t)(0x40 | condition)}, reg, VCPU_EBP, (int32_t)below(64));
    case 4:
    case 5: { /* jcc over something */
        Label end = label();
        op_to({0x0f, (uint8_t)(0x80 | condition)}, end, true);
        op({0x81, (uint8_t)(0xc0 | reg), 1, 2, 3, 4});
        return bind(end);
    }
    case 6: /* adc, sbb */
        return op({(uint8_t)(0x11 + 8 * below(2)), (uint8_t)(0xc0 | reg << 3 | reg)});
    case 7: /* rcl, rcr; inc, dec keep CF */
        one_in(2) ? op({0xd1, (uint8_t)(0xd0 + 8 * below(2) + reg)})
                  : op({(uint8_t)(0x40 + 8 * below(2) + reg)});
        return op({0x0f, 0x92, 0xc0}); /* setc al */
    case 8:
        op({0x9c}); /* pushf; pop */
        return op({(uint8_t)(0x58 + reg)});
    case 9: /* lahf, cmc */
        return op({(uint8_t)(one_in(2) ? 0x9f : 0xf5)});
    case 10: { /* loope, loopne, jecxz */
        Label end = label();
        op_to({0x0f, (uint8_t)(0x84 + below(2))}, end, true);
        op({(uint8_t)(0xe0 + below(4)), 0});
        return bind(end);
    }
    default: /* fcmov */
        return op({(uint8_t)(0xda + below(2)), (uint8_t)(0xc0 | below(4) << 3 | below(8))});
    }
}

void ProgramMaker::flags()
{
    flag_source();
    boundary();
    for (uint32_t i = below(4); i > 0; i--) { /* what leaves flags alone, and may fault */
        uint32_t reg = small_register();
        switch (below(5)) {
        case 0:
            op32({(uint8_t)(0xb8 + reg)}, one_in(2) ? place() : OPERANDS_MIDDLE);
            op_memory({(uint8_t)(0x89 + 2 * below(2))}, small_register(), reg, 0);
            break;
        case 1:
            op_memory({(uint8_t)(0x89 + 2 * below(2))}, reg, VCPU_EBP, 4 * (int32_t)below(64));
            break;
        case 2:
            op({(uint8_t)(0x50 + reg)});
            op({(uint8_t)(0x58 + small_register())});
            break;
        case 3:
            op_memory({0x8d}, reg, reg, 3);
            break;
        default:
            boundary();
            break;
        }
    }
    for (uint32_t i = 1 + below(3); i > 0; i--) {
        flag_reader();
    }
}

/* --- calls ------------------------------------------------------------------------------------ */

void ProgramMaker::call(Label callee)
{
    uint32_t reg = small_register();
    switch (below(6)) {
    case 0:
        op_to({(uint8_t)(0xb8 + reg)}, callee, false);
        return op({0xff, (uint8_t)(0xd0 | reg)});
    case 1: /* through memory */
        op_to({0xc7, 0x05, (uint8_t)POINTER, (uint8_t)(POINTER >> 8), (uint8_t)(POINTER >> 16),
               (uint8_t)(POINTER >> 24)},
              callee, false);
        return op32({0xff, 0x15}, POINTER);
    default:
        return op_to({0xe8}, callee, true);
    }
}

/* A call with what the function expects of its caller. */
void ProgramMaker::called(uint32_t which)
{
    Label end = label();
    switch (which) {
    case 2: /* so deep; the function counts down */
        op32({0xc7, 0x05, (uint8_t)DEPTH, (uint8_t)(DEPTH >> 8), (uint8_t)(DEPTH >> 16),
              (uint8_t)(DEPTH >> 24)},
             below(one_in(4) ? 200 : 12));
        return call(functions_[2]);
    case 3: /* ret 8 */
        op({0x6a, 1});
        op({0x6a, 2});
        return call(functions_[3]);
    case 4: /* comes back one byte on */
        call(functions_[4]);
        return op({0x90});
    case 8: /* comes back by another way than it went, from as deep as it likes */
        op32({0x89, 0x25}, UNWIND_ESP);
        op_to({0xc7, 0x05, (uint8_t)UNWIND_EIP, (uint8_t)(UNWIND_EIP >> 8),
               (uint8_t)(UNWIND_EIP >> 16), (uint8_t)(UNWIND_EIP >> 24)},
              end, false);
        call(functions_[8]);
        op({0x40}); /* not reached */
        return bind(end);
    default:
        return call(functions_[which]);
    }
}

void ProgramMaker::calls()
{
    uint32_t which = below((uint32_t)functions_.size());
    if (below(3) || counter_ >= COUNTERS + 0x120) {
        return called(which);
    }
    uint32_t counter = counter_; /* many times, so that everything on the way is linked */
    counter_ += 4;
    uint8_t low = (uint8_t)counter, high = (uint8_t)(counter >> 8), top = (uint8_t)(counter >> 16);
    op32({0xc7, 0x05, low, high, top, 0}, 2 + below(60));
    Label begin = label_here();
    called(which);
    if (one_in(2)) {
        called(below((uint32_t)functions_.size()));
    }
    op({0xff, 0x0d, low, high, top, 0});
    op_to({0x0f, 0x85}, begin, true);
}

/* jmp or call [table + 4 * index], the index going round. */
void ProgramMaker::table()
{
    uint32_t reg = small_register();
    Label targets[4], entries = label(), end = label();
    op32({0xff, 0x05}, JUMP_INDEX);
    op32({0x8b, (uint8_t)(0x05 | reg << 3)}, JUMP_INDEX);
    op({0x83, (uint8_t)(0xe0 | reg), 3});
    op_to({0xff, 0x24, (uint8_t)(0x85 | reg << 3)}, entries, false);
    bind(entries);
    size_t first = program_.lines.size();
    for (Label &target : targets) {
        target = label();
        op_to({}, target, false);
    }
    for (Label target : targets) {
        bind(target);
        flag_reader();
        op_to({0xe9}, end, true);
    }
    bind(end);
    if (one_in(2)) { /* two ways to the same place */
        program_.lines[first + 3].label = targets[0];
    }
}

void ProgramMaker::functions()
{
    bind(functions_[0]); /* a leaf */
    for (uint32_t i = below(4); i > 0; i--) {
        plain();
    }
    op({0xc3});

    bind(functions_[1]); /* with a frame */
    op({0x55});
    op({0x89, 0xe5});
    op({0x53});
    op({0x83, 0xec, (uint8_t)(4 * below(16))});
    for (uint32_t i = 1 + below(5); i > 0; i--) {
        op_memory({(uint8_t)(0x89 + 2 * below(2))}, small_register(), VCPU_EBP,
                  -4 * (int32_t)(1 + below(6)));
    }
    if (one_in(2)) {
        called(0);
    }
    op({0xc9});
    op({0xc3});

    bind(functions_[2]); /* calls itself */
    Label out = label();
    op32({0xff, 0x0d}, DEPTH);
    op_to({0x0f, 0x88}, out, true);
    op({0x56});
    flag_source();
    op_to({0xe8}, functions_[2], true);
    flag_reader();
    op({0x5e});
    bind(out);
    op({0xc3});

    bind(functions_[3]);
    op_memory({0x8b}, small_register(), VCPU_ESP, 4);
    op({0xc2, 8, 0});

    bind(functions_[4]);
    op({0x83, 0x04, 0x24, 1}); /* add dword [esp], 1 */
    op({0xc3});

    bind(functions_[5]); /* no ret */
    op({0x59});
    if (one_in(2)) {
        flag_source();
        op({0x83, 0xf9, 0x00});
    }
    op({0xff, 0xe1});

    bind(functions_[6]);
    flag_source();
    op_to({0xe9}, functions_[0], true);

    bind(functions_[7]); /* a ret that calls */
    op_to({0x68}, functions_[0], false);
    op({0xc3});

    bind(functions_[8]);
    for (uint32_t i = below(4); i > 0; i--) {
        Label next = label();
        op_to({0xe8}, next, true);
        bind(next);
    }
    op32({0x8b, 0x25}, UNWIND_ESP);
    op32({0xff, 0x25}, UNWIND_EIP);

    bind(functions_[9]); /* leaves flags alone */
    op_memory({0x8b}, small_register(), VCPU_EBP, 4 * (int32_t)below(16));
    op({0xc3});

    bind(program_.handler); /* EFLAGS and EIP are on the stack */
    op({0x50});
    op32({0xff, 0x05}, INTERRUPTS);
    op_memory({0x8b}, VCPU_EAX, VCPU_ESP, 4); /* the flags */
    op32({0x01, 0x05}, INTERRUPTS);
    op({0x58});
    op({0x9d});
    op({0xc3});
}
