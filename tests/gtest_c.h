/*
 * GoogleTest for test bodies in C.
 *
 *     TEST(lapic, refuses_vectors_below_16)
 *     {
 *         EXPECT_FALSE(lapic_accept(&l, 15, false).intr, "15 is reserved");
 *     }
 *
 * EXPECT_* notes a failure and goes on, ASSERT_* ends the test.  After the
 * arguments may stand a printf format with its arguments.  An ASSERT_* inside
 * a thread that the test started notes the failure and goes on.
 */
#ifndef TESTS_GTEST_C_H
#define TESTS_GTEST_C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#else
/* The message after the arguments may be left out. */
#pragma GCC diagnostic ignored "-Wformat-zero-length"
#endif

/* Functions over one test's object: a fixture, a row, or nothing (NULL). */
typedef void gtest_c_fn(void *object);

struct gtest_c_test {
    const char *suite, *name;
    const char *row_name; /* NULL, or appended to the name after a slash */
    const char *file;
    int line;
    size_t fixture_bytes; /* 0: the body gets `row` instead of a fixture */
    const void *row;
    gtest_c_fn *setup, *body, *teardown; /* setup, teardown: NULL is none */
};

/* `t` and what it points to must stay until the program ends. */
void gtest_c_register(const struct gtest_c_test *t);

struct gtest_c_site {
    const char *file;
    int line;
    bool fatal;
    const char *text; /* the claim as it stands in the source */
};

/* A number with its kind, so that no value loses its sign or its digits. */
enum gtest_c_kind { GTEST_C_SIGNED, GTEST_C_UNSIGNED, GTEST_C_REAL };
struct gtest_c_value {
    enum gtest_c_kind kind;
    int64_t bits; /* also of an unsigned value */
    double real;
};

enum gtest_c_relation {
    GTEST_C_EQ,
    GTEST_C_NE,
    GTEST_C_LT,
    GTEST_C_LE,
    GTEST_C_GT,
    GTEST_C_GE
};
struct gtest_c_comparison {
    enum gtest_c_relation relation;
    struct gtest_c_value a, b;
};
struct gtest_c_nearness {
    double a, b, tolerance;
};
struct gtest_c_strings {
    const char *a, *b;
};

/* Each notes a failure at the site if the claim does not hold.  Formats start
 * with a blank that is not printed, so that none is empty. */
void gtest_c_expect(struct gtest_c_site at, bool holds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void gtest_c_compare(struct gtest_c_site at, struct gtest_c_comparison c,
                     const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void gtest_c_near(struct gtest_c_site at, struct gtest_c_nearness n,
                  const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void gtest_c_same(struct gtest_c_site at, struct gtest_c_strings s,
                  const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

/* Before main(), as GoogleTest's own macros do it. */
#define GTEST_C_REGISTER(suite, name)                                          \
    __attribute__((constructor)) static void suite##_##name##_register(void)

#define GTEST_C_NAMED(suite, name)                                             \
#suite, #name, NULL, __FILE__, __LINE__, 0, NULL, NULL,                    \
        suite##_##name##_call, NULL

#define TEST(suite, name)                                                      \
    static void suite##_##name##_body(void);                                   \
    static void suite##_##name##_call(void *object)                            \
    {                                                                          \
        (void)object;                                                          \
        suite##_##name##_body();                                               \
    }                                                                          \
    GTEST_C_REGISTER(suite, name)                                              \
    {                                                                          \
        static const struct gtest_c_test test = {GTEST_C_NAMED(suite, name)};  \
                                                                               \
        gtest_c_register(&test);                                               \
    }                                                                          \
    static void suite##_##name##_body(void)

/*
 * A test with a fixture.  The suite's name is that of three things which must
 * stand above it:
 *
 *     struct two_apics {...};
 *     static void two_apics_setup(struct two_apics *f) {...}
 *     static void two_apics_teardown(struct two_apics *f) {...}
 *
 *     TEST_F(two_apics, see_each_other)
 *     {
 *         EXPECT_NE(f->first.id, f->second.id);
 *     }
 *
 * Every test gets a zeroed fixture `f` of its own.  If an ASSERT_* fails in
 * setup, the body is left out; teardown always runs, after a fatal failure
 * too, and has to cope with a setup that went half the way.
 */
#define TEST_F(suite, name)                                                    \
    static void suite##_##name##_body(struct suite *f);                        \
    static void suite##_##name##_setup(void *object)                           \
    {                                                                          \
        suite##_setup(object);                                                 \
    }                                                                          \
    static void suite##_##name##_call(void *object)                            \
    {                                                                          \
        suite##_##name##_body(object);                                         \
    }                                                                          \
    static void suite##_##name##_teardown(void *object)                        \
    {                                                                          \
        suite##_teardown(object);                                              \
    }                                                                          \
    GTEST_C_REGISTER(suite, name)                                              \
    {                                                                          \
        static struct gtest_c_test test = {GTEST_C_NAMED(suite, name)};        \
                                                                               \
        test.fixture_bytes = sizeof(struct suite);                             \
        test.setup = suite##_##name##_setup;                                   \
        test.teardown = suite##_##name##_teardown;                             \
        gtest_c_register(&test);                                               \
    }                                                                          \
    static void suite##_##name##_body(__attribute__((unused)) struct suite *f)

/*
 * One test for each row of an array, as a walk over a table needs it:
 *
 *     static const struct reg_row {
 *         const char *name;
 *         uint32_t offset, reset;
 *     } rows[] = {
 *     #define REG(name, offset, reset, ...) {#name, offset, reset},
 *     #include "models/lapic/lapic_regs.def"
 *     #undef REG
 *     };
 *
 *     TEST_EACH(lapic_regs, resets_to_its_value, struct reg_row, rows)
 *     {
 *         EXPECT_EQ(lapic_read(&l, row->offset), row->reset);
 *     }
 *
 * The rows have a member `name`; the tests are called
 * lapic_regs.resets_to_its_value/TPR and so on.  The body sees its row as
 * `row`.  The array must not be empty.
 */
#define TEST_EACH(suite, name_, row_type, rows)                                \
    static void suite##_##name_##_body(const row_type *row);                   \
    static void suite##_##name_##_call(void *object)                           \
    {                                                                          \
        suite##_##name_##_body(object);                                        \
    }                                                                          \
    GTEST_C_REGISTER(suite, name_)                                             \
    {                                                                          \
        static struct gtest_c_test test[sizeof(rows) / sizeof(rows)[0]];       \
                                                                               \
        _Static_assert(sizeof(rows) >= sizeof(row_type), "no rows");           \
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows)[0]; i++) {          \
            test[i] = (struct gtest_c_test){GTEST_C_NAMED(suite, name_)};      \
            test[i].row_name = (rows)[i].name;                                 \
            test[i].row = &(rows)[i];                                          \
            gtest_c_register(&test[i]);                                        \
        }                                                                      \
    }                                                                          \
    static void suite##_##name_##_body(__attribute__((unused))                 \
                                       const row_type *row)

#define GTEST_C_SITE(fatal, text)                                              \
    ((struct gtest_c_site){__FILE__, __LINE__, fatal, text})

#define GTEST_C_TRUE(cond, fatal, text, ...)                                   \
    gtest_c_expect(GTEST_C_SITE(fatal, text), (cond), " " __VA_ARGS__)
#define EXPECT_TRUE(cond, ...) GTEST_C_TRUE((cond), false, #cond, __VA_ARGS__)
#define EXPECT_FALSE(cond, ...)                                                \
    GTEST_C_TRUE(!(cond), false, "!(" #cond ")", __VA_ARGS__)
#define ASSERT_TRUE(cond, ...) GTEST_C_TRUE((cond), true, #cond, __VA_ARGS__)
#define ASSERT_FALSE(cond, ...)                                                \
    GTEST_C_TRUE(!(cond), true, "!(" #cond ")", __VA_ARGS__)

/* Integers, enums, bools, pointers and reals; x is evaluated once.  Each
 * _Generic has to compile for every type, hence the zeros.  clang-format does
 * not know it. */
/* clang-format off */
#define GTEST_C_VALUE(x)                                                       \
    ((struct gtest_c_value){                                                   \
        _Generic((x),                                                          \
            float: GTEST_C_REAL,                                               \
            double: GTEST_C_REAL,                                              \
            unsigned long: GTEST_C_UNSIGNED,                                   \
            unsigned long long: GTEST_C_UNSIGNED,                              \
            default: GTEST_C_SIGNED),                                          \
        (int64_t)_Generic((x), float: 0, double: 0, default: (x)),             \
        (double)_Generic((x), float: (x), double: (x), default: 0.0)})
/* clang-format on */

/* Compares the values, not the bits: -1 is less than any unsigned number. */
#define GTEST_C_CMP(site, relation, a, b, ...)                                 \
    gtest_c_compare(site,                                                      \
                    (struct gtest_c_comparison){relation, GTEST_C_VALUE(a),    \
                                                GTEST_C_VALUE(b)},             \
                    " " __VA_ARGS__)
#define EXPECT_EQ(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(false, #a " == " #b), GTEST_C_EQ, a, b,           \
                __VA_ARGS__)
#define EXPECT_NE(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(false, #a " != " #b), GTEST_C_NE, a, b,           \
                __VA_ARGS__)
#define EXPECT_LT(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(false, #a " < " #b), GTEST_C_LT, a, b, __VA_ARGS__)
#define EXPECT_LE(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(false, #a " <= " #b), GTEST_C_LE, a, b,           \
                __VA_ARGS__)
#define EXPECT_GT(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(false, #a " > " #b), GTEST_C_GT, a, b, __VA_ARGS__)
#define EXPECT_GE(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(false, #a " >= " #b), GTEST_C_GE, a, b,           \
                __VA_ARGS__)
#define ASSERT_EQ(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(true, #a " == " #b), GTEST_C_EQ, a, b, __VA_ARGS__)
#define ASSERT_NE(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(true, #a " != " #b), GTEST_C_NE, a, b, __VA_ARGS__)
#define ASSERT_LT(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(true, #a " < " #b), GTEST_C_LT, a, b, __VA_ARGS__)
#define ASSERT_LE(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(true, #a " <= " #b), GTEST_C_LE, a, b, __VA_ARGS__)
#define ASSERT_GT(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(true, #a " > " #b), GTEST_C_GT, a, b, __VA_ARGS__)
#define ASSERT_GE(a, b, ...)                                                   \
    GTEST_C_CMP(GTEST_C_SITE(true, #a " >= " #b), GTEST_C_GE, a, b, __VA_ARGS__)

/* At most `tolerance` apart; never holds for a NaN. */
#define GTEST_C_NEAR(site, a, b, tolerance, ...)                               \
    gtest_c_near(site,                                                         \
                 (struct gtest_c_nearness){(double)(a), (double)(b),           \
                                           (double)(tolerance)},               \
                 " " __VA_ARGS__)
#define EXPECT_NEAR(a, b, tolerance, ...)                                      \
    GTEST_C_NEAR(GTEST_C_SITE(false, #a " within " #tolerance " of " #b), a,   \
                 b, tolerance, __VA_ARGS__)
#define ASSERT_NEAR(a, b, tolerance, ...)                                      \
    GTEST_C_NEAR(GTEST_C_SITE(true, #a " within " #tolerance " of " #b), a, b, \
                 tolerance, __VA_ARGS__)

/* The same characters, or both NULL. */
#define GTEST_C_STREQ(site, a, b, ...)                                         \
    gtest_c_same(site, (struct gtest_c_strings){(a), (b)}, " " __VA_ARGS__)
#define EXPECT_STREQ(a, b, ...)                                                \
    GTEST_C_STREQ(GTEST_C_SITE(false, #a " == " #b), a, b, __VA_ARGS__)
#define ASSERT_STREQ(a, b, ...)                                                \
    GTEST_C_STREQ(GTEST_C_SITE(true, #a " == " #b), a, b, __VA_ARGS__)

#endif
#endif
