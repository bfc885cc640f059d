/*
 * GoogleTest for test bodies in C.
 *
 *     TEST(lapic, refuses_vectors_below_16)
 *     {
 *         EXPECT_FALSE(lapic_accept(&l, 15, false).intr, "15 is reserved");
 *     }
 *
 * EXPECT_* notes a failure and goes on, ASSERT_* ends the test.  After the
 * arguments may stand a printf format with its arguments.
 */
#ifndef TESTS_GTEST_C_H
#define TESTS_GTEST_C_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#else
/* The message after the arguments may be left out. */
#pragma GCC diagnostic ignored "-Wformat-zero-length"
#endif

void gtest_c_register(const char *suite, const char *name, const char *file,
                      int line, void (*body)(void));
void gtest_c_expect(bool holds, bool fatal, const char *file, int line,
                    const char *text, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void gtest_c_compare(int relation, intmax_t a, intmax_t b, bool fatal,
                     const char *file, int line, const char *text,
                     const char *format, ...)
    __attribute__((format(printf, 8, 9)));
void gtest_c_strings(const char *a, const char *b, bool fatal, const char *file,
                     int line, const char *text, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

#ifdef __cplusplus
}
#endif

#define TEST(suite, name)                                                      \
    static void suite##_##name##_body(void);                                   \
    __attribute__((constructor)) static void suite##_##name##_register(void)   \
    {                                                                          \
        gtest_c_register(#suite, #name, __FILE__, __LINE__,                    \
                         suite##_##name##_body);                               \
    }                                                                          \
    static void suite##_##name##_body(void)

#define GTEST_C_TRUE(cond, fatal, text, ...)                                   \
    gtest_c_expect((cond), fatal, __FILE__, __LINE__, text, "" __VA_ARGS__)
#define EXPECT_TRUE(cond, ...) GTEST_C_TRUE((cond), false, #cond, __VA_ARGS__)
#define EXPECT_FALSE(cond, ...)                                                \
    GTEST_C_TRUE(!(cond), false, "!(" #cond ")", __VA_ARGS__)
#define ASSERT_TRUE(cond, ...) GTEST_C_TRUE((cond), true, #cond, __VA_ARGS__)
#define ASSERT_FALSE(cond, ...)                                                \
    GTEST_C_TRUE(!(cond), true, "!(" #cond ")", __VA_ARGS__)

/* relation: 0 ==, 1 !=, 2 <, 3 <=, 4 >, 5 >= */
#define GTEST_C_CMP(rel, op, a, b, fatal, ...)                                 \
    gtest_c_compare(rel, (intmax_t)(a), (intmax_t)(b), fatal, __FILE__,        \
                    __LINE__, #a " " op " " #b, "" __VA_ARGS__)
#define EXPECT_EQ(a, b, ...) GTEST_C_CMP(0, "==", a, b, false, __VA_ARGS__)
#define EXPECT_NE(a, b, ...) GTEST_C_CMP(1, "!=", a, b, false, __VA_ARGS__)
#define EXPECT_LT(a, b, ...) GTEST_C_CMP(2, "<", a, b, false, __VA_ARGS__)
#define EXPECT_LE(a, b, ...) GTEST_C_CMP(3, "<=", a, b, false, __VA_ARGS__)
#define EXPECT_GT(a, b, ...) GTEST_C_CMP(4, ">", a, b, false, __VA_ARGS__)
#define EXPECT_GE(a, b, ...) GTEST_C_CMP(5, ">=", a, b, false, __VA_ARGS__)
#define ASSERT_EQ(a, b, ...) GTEST_C_CMP(0, "==", a, b, true, __VA_ARGS__)
#define ASSERT_NE(a, b, ...) GTEST_C_CMP(1, "!=", a, b, true, __VA_ARGS__)
#define EXPECT_STREQ(a, b, ...)                                                \
    gtest_c_strings((a), (b), false, __FILE__, __LINE__, #a " == " #b,         \
                    "" __VA_ARGS__)
#define ASSERT_STREQ(a, b, ...)                                                \
    gtest_c_strings((a), (b), true, __FILE__, __LINE__, #a " == " #b,          \
                    "" __VA_ARGS__)

#endif
