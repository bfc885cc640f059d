/* Runs gnuplot and makes its SVG fit to stand inside a page. */
#ifndef SIM_REPORT_SVG_H
#define SIM_REPORT_SVG_H

/*
 * The drawing of a gnuplot script that sets the svg terminal, as one element
 * with ids that begin with `id` and without a word about the program; colours
 * #00010N become var(--cN), black the current colour.  To be freed; NULL if
 * gnuplot is not there or refuses.
 */
char *svg_draw(const char *script, const char *id, const char *title);

#endif
