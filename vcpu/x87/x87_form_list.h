/*
 * Every x87 instruction of the ISA, once: Intel SDM vol. 2D, appendix A.5 ("Escape opcode
 * instructions"). What has no line here is not in the ISA. The table of forms (x87_form.c) and the
 * interpreter's handlers (interpreter/x87.c) are both made of these lists.
 */
#ifndef DENALI_VCPU_X87_FORM_LIST_H
#define DENALI_VCPU_X87_FORM_LIST_H

/* clang-format off */

/* ModRM.mod is not 3. Each line: opcode - D8, ModRM.reg, identifier, text, bytes, operation. */
#define X87_MEMORY_LIST(LOAD, STORE, STORE_POP)                                                    \
    LOAD(0, 0, fadd_f32, "fadd m32", 4, x87_add_f32)                                               \
    LOAD(0, 1, fmul_f32, "fmul m32", 4, x87_mul_f32)                                               \
    LOAD(0, 2, fcom_f32, "fcom m32", 4, x87_compare_f32)                                           \
    LOAD(0, 3, fcomp_f32, "fcomp m32", 4, x87_compare_f32_pop)                                     \
    LOAD(0, 4, fsub_f32, "fsub m32", 4, x87_sub_f32)                                               \
    LOAD(0, 5, fsubr_f32, "fsubr m32", 4, x87_subr_f32)                                            \
    LOAD(0, 6, fdiv_f32, "fdiv m32", 4, x87_div_f32)                                               \
    LOAD(0, 7, fdivr_f32, "fdivr m32", 4, x87_divr_f32)                                            \
    LOAD(1, 0, fld_f32, "fld m32", 4, x87_load_f32)                                                \
    STORE(1, 2, fst_f32, "fst m32", 4, x87_store_f32)                                              \
    STORE_POP(1, 3, fstp_f32, "fstp m32", 4, x87_store_f32)                                        \
    LOAD(1, 5, fldcw, "fldcw m16", 2, x87_load_control)                                            \
    STORE(1, 7, fnstcw, "fnstcw m16", 2, x87_store_control)                                        \
    LOAD(2, 0, fiadd_i32, "fiadd m32", 4, x87_add_i32)                                             \
    LOAD(2, 1, fimul_i32, "fimul m32", 4, x87_mul_i32)                                             \
    LOAD(2, 2, ficom_i32, "ficom m32", 4, x87_compare_i32)                                         \
    LOAD(2, 3, ficomp_i32, "ficomp m32", 4, x87_compare_i32_pop)                                   \
    LOAD(2, 4, fisub_i32, "fisub m32", 4, x87_sub_i32)                                             \
    LOAD(2, 5, fisubr_i32, "fisubr m32", 4, x87_subr_i32)                                          \
    LOAD(2, 6, fidiv_i32, "fidiv m32", 4, x87_div_i32)                                             \
    LOAD(2, 7, fidivr_i32, "fidivr m32", 4, x87_divr_i32)                                          \
    LOAD(3, 0, fild_i32, "fild m32", 4, x87_load_i32)                                              \
    STORE(3, 2, fist_i32, "fist m32", 4, x87_store_i32)                                            \
    STORE_POP(3, 3, fistp_i32, "fistp m32", 4, x87_store_i32)                                      \
    LOAD(3, 5, fld_f80, "fld m80", 10, x87_load_f80)                                               \
    STORE_POP(3, 7, fstp_f80, "fstp m80", 10, x87_store_f80)                                       \
    LOAD(4, 0, fadd_f64, "fadd m64", 8, x87_add_f64)                                               \
    LOAD(4, 1, fmul_f64, "fmul m64", 8, x87_mul_f64)                                               \
    LOAD(4, 2, fcom_f64, "fcom m64", 8, x87_compare_f64)                                           \
    LOAD(4, 3, fcomp_f64, "fcomp m64", 8, x87_compare_f64_pop)                                     \
    LOAD(4, 4, fsub_f64, "fsub m64", 8, x87_sub_f64)                                               \
    LOAD(4, 5, fsubr_f64, "fsubr m64", 8, x87_subr_f64)                                            \
    LOAD(4, 6, fdiv_f64, "fdiv m64", 8, x87_div_f64)                                               \
    LOAD(4, 7, fdivr_f64, "fdivr m64", 8, x87_divr_f64)                                            \
    LOAD(5, 0, fld_f64, "fld m64", 8, x87_load_f64)                                                \
    STORE(5, 2, fst_f64, "fst m64", 8, x87_store_f64)                                              \
    STORE_POP(5, 3, fstp_f64, "fstp m64", 8, x87_store_f64)                                        \
    STORE(5, 7, fnstsw, "fnstsw m16", 2, x87_store_status)                                         \
    LOAD(6, 0, fiadd_i16, "fiadd m16", 2, x87_add_i16)                                             \
    LOAD(6, 1, fimul_i16, "fimul m16", 2, x87_mul_i16)                                             \
    LOAD(6, 2, ficom_i16, "ficom m16", 2, x87_compare_i16)                                         \
    LOAD(6, 3, ficomp_i16, "ficomp m16", 2, x87_compare_i16_pop)                                   \
    LOAD(6, 4, fisub_i16, "fisub m16", 2, x87_sub_i16)                                             \
    LOAD(6, 5, fisubr_i16, "fisubr m16", 2, x87_subr_i16)                                          \
    LOAD(6, 6, fidiv_i16, "fidiv m16", 2, x87_div_i16)                                             \
    LOAD(6, 7, fidivr_i16, "fidivr m16", 2, x87_divr_i16)                                          \
    LOAD(7, 0, fild_i16, "fild m16", 2, x87_load_i16)                                              \
    STORE(7, 2, fist_i16, "fist m16", 2, x87_store_i16)                                            \
    STORE_POP(7, 3, fistp_i16, "fistp m16", 2, x87_store_i16)                                      \
    LOAD(7, 5, fild_i64, "fild m64", 8, x87_load_i64)                                              \
    STORE_POP(7, 7, fistp_i64, "fistp m64", 8, x87_store_i64)

/* ModRM.mod is 3. Each line: opcode - D8, first and last ModRM, identifier, text, operation (MOVE:
 * the condition as Jcc encodes it). */
#define X87_REGISTER_LIST(RUN, FLAGS, MOVE, STATUS)                                                \
    RUN(0, 0xc0, 0xc7, fadd_top, "fadd st0,sti", x87_add_top)                                      \
    RUN(0, 0xc8, 0xcf, fmul_top, "fmul st0,sti", x87_mul_top)                                      \
    RUN(0, 0xd0, 0xd7, fcom, "fcom sti", x87_compare_register)                                     \
    RUN(0, 0xd8, 0xdf, fcomp, "fcomp sti", x87_compare_register_pop)                               \
    RUN(0, 0xe0, 0xe7, fsub_top, "fsub st0,sti", x87_sub_top)                                      \
    RUN(0, 0xe8, 0xef, fsubr_top, "fsubr st0,sti", x87_subr_top)                                   \
    RUN(0, 0xf0, 0xf7, fdiv_top, "fdiv st0,sti", x87_div_top)                                      \
    RUN(0, 0xf8, 0xff, fdivr_top, "fdivr st0,sti", x87_divr_top)                                   \
    RUN(1, 0xc0, 0xc7, fld, "fld sti", x87_load_register)                                          \
    RUN(1, 0xc8, 0xcf, fxch, "fxch sti", x87_exchange)                                             \
    RUN(1, 0xd0, 0xd0, fnop, "fnop", x87_nothing)                                                  \
    RUN(1, 0xe0, 0xe0, fchs, "fchs", x87_negate)                                                   \
    RUN(1, 0xe1, 0xe1, fabs, "fabs", x87_absolute)                                                 \
    RUN(1, 0xe4, 0xe4, ftst, "ftst", x87_compare_zero)                                             \
    RUN(1, 0xe5, 0xe5, fxam, "fxam", x87_examine)                                                  \
    RUN(1, 0xe8, 0xe8, fld1, "fld1", x87_load_constant)                                            \
    RUN(1, 0xe9, 0xe9, fldl2t, "fldl2t", x87_load_constant)                                        \
    RUN(1, 0xea, 0xea, fldl2e, "fldl2e", x87_load_constant)                                        \
    RUN(1, 0xeb, 0xeb, fldpi, "fldpi", x87_load_constant)                                          \
    RUN(1, 0xec, 0xec, fldlg2, "fldlg2", x87_load_constant)                                        \
    RUN(1, 0xed, 0xed, fldln2, "fldln2", x87_load_constant)                                        \
    RUN(1, 0xee, 0xee, fldz, "fldz", x87_load_constant)                                            \
    RUN(1, 0xf6, 0xf6, fdecstp, "fdecstp", x87_top_decrement)                                      \
    RUN(1, 0xf7, 0xf7, fincstp, "fincstp", x87_top_increment)                                      \
    RUN(1, 0xfa, 0xfa, fsqrt, "fsqrt", x87_sqrt)                                                   \
    RUN(1, 0xfc, 0xfc, frndint, "frndint", x87_round)                                              \
    MOVE(2, 0xc0, 0xc7, fcmovb, "fcmovb st0,sti", 0x2)                                             \
    MOVE(2, 0xc8, 0xcf, fcmove, "fcmove st0,sti", 0x4)                                             \
    MOVE(2, 0xd0, 0xd7, fcmovbe, "fcmovbe st0,sti", 0x6)                                           \
    MOVE(2, 0xd8, 0xdf, fcmovu, "fcmovu st0,sti", 0xa)                                             \
    RUN(2, 0xe9, 0xe9, fucompp, "fucompp", x87_compare_register_pop_two)                           \
    MOVE(3, 0xc0, 0xc7, fcmovnb, "fcmovnb st0,sti", 0x3)                                           \
    MOVE(3, 0xc8, 0xcf, fcmovne, "fcmovne st0,sti", 0x5)                                           \
    MOVE(3, 0xd0, 0xd7, fcmovnbe, "fcmovnbe st0,sti", 0x7)                                         \
    MOVE(3, 0xd8, 0xdf, fcmovnu, "fcmovnu st0,sti", 0xb)                                           \
    RUN(3, 0xe2, 0xe2, fnclex, "fnclex", x87_nothing)                                              \
    RUN(3, 0xe3, 0xe3, fninit, "fninit", x87_initialize)                                           \
    FLAGS(3, 0xe8, 0xef, fucomi, "fucomi st0,sti", x87_compare_flags)                              \
    FLAGS(3, 0xf0, 0xf7, fcomi, "fcomi st0,sti", x87_compare_flags)                                \
    RUN(4, 0xc0, 0xc7, fadd_to, "fadd sti,st0", x87_add_to)                                        \
    RUN(4, 0xc8, 0xcf, fmul_to, "fmul sti,st0", x87_mul_to)                                        \
    RUN(4, 0xe0, 0xe7, fsubr_to, "fsubr sti,st0", x87_subr_to)                                     \
    RUN(4, 0xe8, 0xef, fsub_to, "fsub sti,st0", x87_sub_to)                                        \
    RUN(4, 0xf0, 0xf7, fdivr_to, "fdivr sti,st0", x87_divr_to)                                     \
    RUN(4, 0xf8, 0xff, fdiv_to, "fdiv sti,st0", x87_div_to)                                        \
    RUN(5, 0xc0, 0xc7, ffree, "ffree sti", x87_free_register)                                      \
    RUN(5, 0xd0, 0xd7, fst, "fst sti", x87_store_register)                                         \
    RUN(5, 0xd8, 0xdf, fstp, "fstp sti", x87_store_register_pop)                                   \
    RUN(5, 0xe0, 0xe7, fucom, "fucom sti", x87_compare_register)                                   \
    RUN(5, 0xe8, 0xef, fucomp, "fucomp sti", x87_compare_register_pop)                             \
    RUN(6, 0xc0, 0xc7, faddp, "faddp sti,st0", x87_add_pop)                                        \
    RUN(6, 0xc8, 0xcf, fmulp, "fmulp sti,st0", x87_mul_pop)                                        \
    RUN(6, 0xd9, 0xd9, fcompp, "fcompp", x87_compare_register_pop_two)                             \
    RUN(6, 0xe0, 0xe7, fsubrp, "fsubrp sti,st0", x87_subr_pop)                                     \
    RUN(6, 0xe8, 0xef, fsubp, "fsubp sti,st0", x87_sub_pop)                                        \
    RUN(6, 0xf0, 0xf7, fdivrp, "fdivrp sti,st0", x87_divr_pop)                                     \
    RUN(6, 0xf8, 0xff, fdivp, "fdivp sti,st0", x87_div_pop)                                        \
    STATUS(7, 0xe0, 0xe0, fnstsw_ax, "fnstsw ax", x87_status)                                      \
    FLAGS(7, 0xe8, 0xef, fucomip, "fucomip st0,sti", x87_compare_flags_pop)                        \
    FLAGS(7, 0xf0, 0xf7, fcomip, "fcomip st0,sti", x87_compare_flags_pop)

/* clang-format on */

#endif
