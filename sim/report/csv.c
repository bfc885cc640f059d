/* The result as CSV, RFC 4180: one figure a line. */
#include "sim/report/number.h"
#include "sim/report/report.h"
#include "sim/report/text.h"

void report_csv(FILE *to, const struct result *r)
{
    char value[NUMBER_TEXT];

    fputs("variant,figure,value,unit\r\n", to);
    for (unsigned i = 0; i < r->variant_count; i++) {
        for (size_t k = 0; k < r->figures[i].count; k++) {
            const struct figure *f = &r->figures[i].list[k];

            number_exact(value, f);
            text_csv(to, result_name(r, i));
            fputc(',', to);
            text_csv(to, f->key);
            fprintf(to, ",%s,", value);
            text_csv(to, f->unit);
            fputs("\r\n", to);
        }
    }
}
