/* The x87 of a node in and out of Unicorn, and what Unicorn gets wrong about it. */
#ifndef DENALI_VCPU_UNICORN_X87_H
#define DENALI_VCPU_UNICORN_X87_H

#include "unicorn/window.h"

/*
 * Before Unicorn executes an x87 instruction: gives it the node's x87 if it has not got it yet.
 * False if the instruction is to be delegated.
 */
bool unicorn_x87_prepare(struct unicorn_window *window, const struct unicorn_traits *traits);

/* Then, once the instruction is sure to begin. */
void unicorn_x87_begin(struct unicorn_window *window, const struct unicorn_traits *traits);

/* Reads the node's x87 back, in canonical form. */
void unicorn_x87_save(struct unicorn_window *window, struct vcpu_x87 *x87);

#endif
