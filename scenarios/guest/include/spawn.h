/* So that who asks for it is told here, and not by the linker. */
#error "Denali machines have no posix_spawn: a machine runs one process. See docs/guest-kit.md."
