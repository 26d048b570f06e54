/*
 * The table of forms: which bytes are which x87 instruction, from x87_form_list.h.
 */
#include <stddef.h>

#include "x87/x87_form_list.h"
#include "x87/x87_forms.h"
#include "x87/x87_value.h"

#define LOAD(opcode, reg, id, text, bytes, function)                                               \
    [opcode][reg] = {.name = text, .kind = X87_LOAD, .size_bytes = bytes, .load = function},
#define STORE(opcode, reg, id, text, bytes, function)                                              \
    [opcode][reg] = {.name = text, .kind = X87_STORE, .size_bytes = bytes, .store = function},
#define STORE_POP(opcode, reg, id, text, bytes, function)                                          \
    [opcode][reg] = {                                                                              \
        .name = text, .kind = X87_STORE, .size_bytes = bytes, .pop = true, .store = function},

/* [opcode - D8][ModRM.reg] */
static const struct x87_form memory_forms[8][8] = {X87_MEMORY_LIST(LOAD, STORE, STORE_POP)};

#define RUN(opcode, first, last, id, text, function)                                               \
    [opcode][(first)-0xc0 ...(last) - 0xc0] = {.name = text, .kind = X87_REGISTER, .run = function},
#define FLAGS(opcode, first, last, id, text, function)                                             \
    [opcode][(first)-0xc0 ...(last) - 0xc0] = {.name = text, .kind = X87_FLAGS, .flags = function},
#define MOVE(opcode, first, last, id, text, code)                                                  \
    [opcode][(first)-0xc0 ...(last) - 0xc0] = {                                                    \
        .name = text, .kind = X87_MOVE, .condition = code, .move = x87_move_if},
#define STATUS(opcode, first, last, id, text, function)                                            \
    [opcode][(first)-0xc0 ...(last) - 0xc0] = {.name = text, .kind = X87_STATUS_AX},

/* [opcode - D8][ModRM - C0] */
static const struct x87_form register_forms[8][64] = {X87_REGISTER_LIST(RUN, FLAGS, MOVE, STATUS)};

/* x87_load_constant takes the low bits of ModRM for which constant it is. */
_Static_assert(X87_ONE == (0xe8 & 7) && X87_ZERO == (0xee & 7), "constants as ModRM has them");

const struct x87_form *x87_form_find(uint8_t opcode, uint8_t modrm)
{
    if (opcode < 0xd8 || opcode > 0xdf) {
        return NULL;
    }
    const struct x87_form *form = modrm >= 0xc0 ? &register_forms[opcode - 0xd8][modrm - 0xc0]
                                                : &memory_forms[opcode - 0xd8][modrm >> 3 & 7];
    return form->name != NULL ? form : NULL;
}
