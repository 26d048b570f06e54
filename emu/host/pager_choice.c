/* Whom somebody else has chosen to be taken from. Which block of it goes is pager_clock.c's. */
#include <base/assert.h>

#include "pager_internal.h"

void emu_pager_choose(struct emu_pager *pager, const struct emu_pager_choice *list, uint32_t count,
                      uint32_t low_blocks)
{
    ASSERT(count <= EMU_PAGER_CHOICES_MAX);
    struct pager_choices *choices = &pager->choices;
    *choices = (struct pager_choices){
        .count = count,
        .low_blocks = low_blocks,
        .taken = choices->taken,
        .missed = choices->missed,
    };
    for (uint32_t i = 0; i < count; i++) {
        ASSERT(list[i].block_count > 0);
        choices->list[i] = list[i];
        choices->left_blocks += list[i].block_count;
    }
}

/* So many blocks of the first are done with. */
static void use(struct emu_pager *pager, uint32_t block_count)
{
    struct pager_choices *choices = &pager->choices;
    struct emu_pager_choice *choice = &choices->list[choices->first];
    choice->block_count -= block_count;
    choices->left_blocks -= block_count;
    if (choice->block_count == 0) {
        choices->first++;
        choices->count--;
    }
    if (!choices->told && choices->left_blocks <= choices->low_blocks) {
        choices->told = true;
        pager->ops->low(pager->context);
    }
}

/* The fault has waited for this block to be written, and is not to wait so again. */
static bool take_awaited(struct emu_pager *pager, uint32_t index, uint32_t *taken)
{
    struct pager_machine *machine = &pager->machines[index];
    *taken = NONE;
    if (machine->awaited == PAGER_AWAITED_IN_VAIN) {
        return false;
    }
    if (pager->frames[machine->awaited].writing) {
        return true;
    }
    *taken = pager_frame_take_clean(pager, machine->awaited, index) ? machine->awaited : NONE;
    machine->awaited = PAGER_AWAITED_IN_VAIN;
    return *taken != NONE;
}

bool pager_choice_take(struct emu_pager *pager, uint32_t index, uint32_t *taken)
{
    struct pager_choices *choices = &pager->choices;
    struct pager_machine *machine = &pager->machines[index];
    if (machine->awaited != NONE) {
        return take_awaited(pager, index, taken);
    }
    while (choices->count) {
        const struct emu_pager_choice choice = choices->list[choices->first];
        const struct pager_machine *owner = &pager->machines[choice.machine];
        *taken = NONE;
        if (owner->present && (choice.machine == index || !pager_at_floor(pager, owner))) {
            *taken = pager_frame_take_of(pager, choice.machine, index);
            machine->awaited = *taken == NONE ? pager_write_under_way(pager, choice.machine) : NONE;
        }
        if (*taken != NONE || machine->awaited != NONE) {
            choices->taken++;
            use(pager, 1);
            return true;
        }
        choices->missed += choice.block_count;
        use(pager, choice.block_count);
    }
    return false;
}

struct emu_pager_chosen emu_pager_chosen(const struct emu_pager *pager)
{
    const struct pager_choices *choices = &pager->choices;
    return (struct emu_pager_chosen){choices->taken, choices->missed, choices->left_blocks};
}
