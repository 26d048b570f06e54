/* So that who asks for it is told here, and not by the linker. */
#error "Denali machines have no regular expressions (regcomp). See docs/guest-kit.md."
