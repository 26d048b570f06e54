/* So that who asks for it is told here, and not by the linker. */
#error "Denali machines have no semaphores: a machine runs one thread. See docs/guest-kit.md."
