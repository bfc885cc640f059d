// Registers C test bodies with GoogleTest and reports their failures.
#include "tests/gtest_c.h"

#include <gtest/gtest.h>

#include <cstdarg>
#include <cstdio>
#include <string>

namespace
{

jmp_buf *current; // where a fatal failure of the running C test returns to

std::string formatted(const char *format, va_list ap)
{
    char buffer[512];

    vsnprintf(buffer, sizeof buffer, format, ap);
    return buffer;
}

void report(bool fatal, const char *file, int line, const std::string &message)
{
    GTEST_MESSAGE_AT_(file, line, message.c_str(),
                      fatal ? ::testing::TestPartResult::kFatalFailure
                            : ::testing::TestPartResult::kNonFatalFailure);
    if (fatal && current)
        longjmp(*current, 1);
}

class c_test : public ::testing::Test
{
  public:
    explicit c_test(void (*body)()) : body_(body) {}
    void TestBody() override
    {
        jmp_buf back;

        current = &back;
        if (setjmp(back) == 0)
            body_();
        current = nullptr;
    }

  private:
    void (*body_)();
};

bool related(int relation, intmax_t a, intmax_t b)
{
    switch (relation) {
    case 0:
        return a == b;
    case 1:
        return a != b;
    case 2:
        return a < b;
    case 3:
        return a <= b;
    case 4:
        return a > b;
    default:
        return a >= b;
    }
}

} // namespace

void gtest_c_register(const char *suite, const char *name, const char *file,
                      int line, void (*body)(void))
{
    ::testing::RegisterTest(
        suite, name, nullptr, nullptr, file, line,
        [body]() -> ::testing::Test * { return new c_test(body); });
}

void gtest_c_expect(bool holds, bool fatal, const char *file, int line,
                    const char *text, const char *format, ...)
{
    va_list ap;

    if (holds)
        return;
    va_start(ap, format);
    std::string why = formatted(format, ap);
    va_end(ap);
    report(fatal, file, line, std::string(text) + (why.empty() ? "" : ": ") + why);
}

void gtest_c_compare(int relation, intmax_t a, intmax_t b, bool fatal,
                     const char *file, int line, const char *text,
                     const char *format, ...)
{
    va_list ap;

    if (related(relation, a, b))
        return;
    va_start(ap, format);
    std::string why = formatted(format, ap);
    va_end(ap);
    char values[128];
    snprintf(values, sizeof values, " (%jd = 0x%jx, %jd = 0x%jx)", a,
             static_cast<uintmax_t>(a), b, static_cast<uintmax_t>(b));
    report(fatal, file, line,
           std::string(text) + values + (why.empty() ? "" : ": ") + why);
}

void gtest_c_strings(const char *a, const char *b, bool fatal, const char *file,
                     int line, const char *text, const char *format, ...)
{
    va_list ap;

    if (std::string(a ? a : "(null)") == (b ? b : "(null)"))
        return;
    va_start(ap, format);
    std::string why = formatted(format, ap);
    va_end(ap);
    report(fatal, file, line,
           std::string(text) + " (\"" + (a ? a : "(null)") + "\", \"" +
               (b ? b : "(null)") + "\")" + (why.empty() ? "" : ": ") + why);
}

int main(int argc, char **argv)
{
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
