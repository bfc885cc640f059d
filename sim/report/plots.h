/* The plots of a report.  Each either has rows or says what is missing. */
#ifndef SIM_REPORT_PLOTS_H
#define SIM_REPORT_PLOTS_H

#include "sim/report/plot.h"
#include "sim/report/result.h"

void plot_cycles(struct plot *p, const struct result *r);
void plot_exits(struct plot *p, const struct result *r);
void plot_latency(struct plot *p, const struct result *r);
void plot_hops(struct plot *p, const struct result *r);

/* The plot of which curve `first` of the scenario is the first one; false if
 * another one is. */
bool plot_curves(struct plot *p, const struct result *r, unsigned first);

void plot_published(struct plot *p, const struct result *r);

#endif
