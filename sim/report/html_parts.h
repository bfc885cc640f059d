/* The tables of the HTML report; each writes nothing if it has no rows. */
#ifndef SIM_REPORT_HTML_PARTS_H
#define SIM_REPORT_HTML_PARTS_H

#include <stdio.h>

#include "sim/report/result.h"

void html_summary(FILE *to, const struct result *r);
void html_expectations(FILE *to, const struct result *r);
void html_published(FILE *to, const struct result *r);
void html_all_figures(FILE *to, const struct result *r);
void html_resolved(FILE *to, const struct result *r);

#endif
