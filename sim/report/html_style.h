/* The style sheet of the HTML report: no external fonts, images or scripts. */
#ifndef SIM_REPORT_HTML_STYLE_H
#define SIM_REPORT_HTML_STYLE_H

extern const char html_style[];

#endif
