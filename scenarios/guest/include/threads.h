/* So that who asks for it is told here, and not by the linker. */
#error "Denali machines have no threads; wait with poll or select. See docs/guest-kit.md."
