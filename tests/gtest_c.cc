/*
 * Registers C test bodies with GoogleTest and reports their failures.
 *
 * A fatal failure leaves the C body by longjmp().  Nothing with a destructor
 * may stand on the stack at that moment: messages are plain buffers here, and
 * note() returns, its temporaries destroyed, before leave() jumps.
 */
#include "tests/gtest_c.h"

#include <gtest/gtest.h>

#include <cmath>
#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace
{

/* Where a fatal failure goes back to; null in threads of the test's own. */
thread_local jmp_buf *way_out;

void guarded(gtest_c_fn *fn, void *object)
{
    jmp_buf here;

    way_out = &here;
    if (setjmp(here) == 0)
        fn(object);
    way_out = nullptr;
}

class c_test : public ::testing::Test
{
  public:
    explicit c_test(const gtest_c_test &t)
        : test(t),
          fixture(t.fixture_bytes ? std::calloc(1, t.fixture_bytes) : nullptr),
          object(t.fixture_bytes ? fixture : const_cast<void *>(t.row))
    {
    }
    ~c_test() override
    {
        std::free(fixture);
    }
    void SetUp() override
    {
        if (test.setup)
            guarded(test.setup, object);
    }
    void TestBody() override
    {
        guarded(test.body, object);
    }
    void TearDown() override
    {
        if (test.teardown)
            guarded(test.teardown, object);
    }

  private:
    const gtest_c_test &test;
    void *fixture, *object;
};

/* The text of one failure, cut off where the buffer ends. */
struct message {
    char text[4096];
    size_t used;
};

void vappend(message *m, const char *format, va_list ap)
{
    size_t room = sizeof m->text - m->used;
    int n = vsnprintf(m->text + m->used, room, format, ap);

    if (n > 0)
        m->used += std::min(static_cast<size_t>(n), room - 1);
}

__attribute__((format(printf, 2, 3))) void append(message *m,
                                                  const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vappend(m, format, ap);
    va_end(ap);
}

/* The user's own words; the format's leading blank is not printed. */
void append_why(message *m, const char *format, va_list ap)
{
    if (!format[1])
        return;
    append(m, ": ");
    vappend(m, format + 1, ap);
}

void note(const gtest_c_site &at, const message &m)
{
    if (at.fatal)
        GTEST_FAIL_AT(at.file, at.line) << m.text;
    ADD_FAILURE_AT(at.file, at.line) << m.text;
}

void leave(const gtest_c_site &at)
{
    if (at.fatal && way_out)
        longjmp(*way_out, 1);
}

int sign(bool less, bool greater)
{
    return greater - less;
}

/* -1, 0 or 1 as a is less than, equal to or greater than b; 2 with a NaN. */
int order(const gtest_c_value &a, const gtest_c_value &b)
{
    auto real = [](const gtest_c_value &v) {
        if (v.kind == GTEST_C_REAL)
            return v.real;
        return v.kind == GTEST_C_SIGNED
                   ? static_cast<double>(v.bits)
                   : static_cast<double>(static_cast<uint64_t>(v.bits));
    };
    auto negative = [](const gtest_c_value &v) {
        return v.kind == GTEST_C_SIGNED && v.bits < 0;
    };

    if (a.kind == GTEST_C_REAL || b.kind == GTEST_C_REAL) {
        if (std::isnan(real(a)) || std::isnan(real(b)))
            return 2;
        return sign(real(a) < real(b), real(a) > real(b));
    }
    if (negative(a) != negative(b))
        return negative(a) ? -1 : 1;
    /* of one sign, two's complement keeps the order */
    uint64_t x = static_cast<uint64_t>(a.bits);
    uint64_t y = static_cast<uint64_t>(b.bits);
    return sign(x<y, x> y);
}

bool related(const gtest_c_comparison &c)
{
    int o = order(c.a, c.b);

    switch (c.relation) {
    case GTEST_C_EQ:
        return o == 0;
    case GTEST_C_NE:
        return o != 0;
    case GTEST_C_LT:
        return o == -1;
    case GTEST_C_LE:
        return o == -1 || o == 0;
    case GTEST_C_GT:
        return o == 1;
    case GTEST_C_GE:
        return o == 1 || o == 0;
    }
    abort();
}

void append_value(message *m, const gtest_c_value &v)
{
    uint64_t bits = static_cast<uint64_t>(v.bits);

    switch (v.kind) {
    case GTEST_C_REAL:
        append(m, "%.17g", v.real);
        return;
    case GTEST_C_UNSIGNED:
        append(m, "%ju = 0x%jx", uintmax_t{bits}, uintmax_t{bits});
        return;
    case GTEST_C_SIGNED:
        append(m, "%jd = 0x%jx", intmax_t{v.bits}, uintmax_t{bits});
        return;
    }
}

/* The line of s that holds the character at `place`, in quotes. */
void append_line(message *m, const char *s, size_t place)
{
    while (place && s[place - 1] != '\n')
        place--;
    append(m, "\n    \"%.*s\"", static_cast<int>(strcspn(s + place, "\n")),
           s + place);
}

/* Both strings, or of long texts the first line that differs. */
void append_difference(message *m, const char *a, const char *b)
{
    if (!a || !b) {
        append(m, " (one is NULL)\n    \"%s\"", a ? a : b);
        return;
    }
    size_t same = 0;
    int line = 1;
    for (; a[same] && a[same] == b[same]; same++)
        line += a[same] == '\n';
    if (strchr(a, '\n') || strchr(b, '\n'))
        append(m, " (line %d)", line);
    append_line(m, a, same);
    append_line(m, b, same);
}

} // namespace

void gtest_c_register(const struct gtest_c_test *t)
{
    std::string name = t->name;

    if (t->row_name)
        name += std::string("/") + t->row_name;
    ::testing::RegisterTest(
        t->suite, name.c_str(), nullptr, nullptr, t->file, t->line,
        [t]() -> ::testing::Test * { return new c_test(*t); });
}

void gtest_c_expect(struct gtest_c_site at, bool holds, const char *format, ...)
{
    message m = {};
    va_list ap;

    if (holds)
        return;
    va_start(ap, format);
    append(&m, "%s", at.text);
    append_why(&m, format, ap);
    va_end(ap);
    note(at, m);
    leave(at);
}

void gtest_c_compare(struct gtest_c_site at, struct gtest_c_comparison c,
                     const char *format, ...)
{
    message m = {};
    va_list ap;

    if (related(c))
        return;
    va_start(ap, format);
    append(&m, "%s (", at.text);
    append_value(&m, c.a);
    append(&m, ", ");
    append_value(&m, c.b);
    append(&m, ")");
    append_why(&m, format, ap);
    va_end(ap);
    note(at, m);
    leave(at);
}

void gtest_c_near(struct gtest_c_site at, struct gtest_c_nearness n,
                  const char *format, ...)
{
    message m = {};
    va_list ap;

    if (std::fabs(n.a - n.b) <= n.tolerance)
        return;
    va_start(ap, format);
    append(&m, "%s (%.17g, %.17g, off by %.3g)", at.text, n.a, n.b,
           std::fabs(n.a - n.b));
    append_why(&m, format, ap);
    va_end(ap);
    note(at, m);
    leave(at);
}

void gtest_c_same(struct gtest_c_site at, struct gtest_c_strings s,
                  const char *format, ...)
{
    message m = {};
    va_list ap;

    if (s.a == s.b || (s.a && s.b && strcmp(s.a, s.b) == 0))
        return;
    va_start(ap, format);
    append(&m, "%s", at.text);
    append_difference(&m, s.a, s.b);
    append_why(&m, format, ap);
    va_end(ap);
    note(at, m);
    leave(at);
}

int main(int argc, char **argv)
{
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
