/* So that who asks for it is told here, and not by the linker. */
#error "Denali machines have no shell expansion (wordexp). See docs/guest-kit.md."
