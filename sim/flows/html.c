/* The tables as a page that needs nothing else, and as CSV. */
#include "sim/flows/flows.h"
#include "sim/report/html_style.h"
#include "sim/report/text.h"

/* ---- the page ---- */

static void put_head(FILE *to, const struct flow_tables *t)
{
    fprintf(to,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
            "<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width,"
            "initial-scale=1\">\n<title>Interrupt flows</title>\n"
            "<style>\n%smain{max-width:76rem}tbody th{min-width:11rem}"
            "thead th.n{white-space:normal}th,td{padding:.3rem "
            ".5rem}</style>\n</head>\n<body>\n<main>\n"
            "<h1>Interrupt flows</h1>\n<p>VM exits with their basic reasons, "
            "and nanoseconds, on ",
            html_style);
    text_html(to, t->base->platform.name);
    fputs(". A time is from the event to V0's handler, or that of the guest's "
          "instruction. Exits are those of V1 where a guest sends to another "
          "one, of both where the row says so, else of V0.</p>\n",
          to);
}

static void put_columns(FILE *to)
{
    fputs("<thead><tr><th></th>", to);
    for (unsigned c = 0; c < flow_config_count; c++)
        fprintf(to, "<th class=\"n\">%s<br>%s</th>", flow_configs[c].letter,
                flow_configs[c].title);
    fputs("</tr></thead>\n", to);
}

static void put_cell(FILE *to, const struct flow_cell *cell)
{
    char text[FLOW_TEXT];

    if (cell->gap != FLOW_GAP_NOWHERE) {
        fprintf(to, "<td class=\"n soft\" title=\"%s\">-</td>",
                flow_gap_sentence(cell->gap));
        return;
    }
    flow_cell_text(cell, text);
    fputs("<td class=\"n\" title=\"", to);
    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        if (cell->exits[r])
            fprintf(to, "%u %s ", cell->exits[r], exit_reason_name(r));
    fprintf(to, "\">%s%s<br><small>%ju</small></td>", text,
            cell->assumed ? "*" : "", (uintmax_t)flow_cell_ns(cell));
}

static void put_row(FILE *to, const struct flow_tables *t, unsigned row)
{
    sim_time own = flow_tables_own(t, row);

    fputs("<tr><th>", to);
    text_html(to, flow_rows[row].title);
    if (own)
        fprintf(to, "<br><small class=\"soft\">%ju ns is its own work</small>",
                (uintmax_t)(own / SIM_NS));
    fputs("</th>", to);
    for (unsigned c = 0; c < flow_config_count; c++)
        put_cell(to, flow_tables_cell(t, row, c));
    fputs("</tr>\n", to);
}

static void put_event(FILE *to, const struct flow_tables *t, unsigned event)
{
    fprintf(to, "<h2>%u. ", event);
    text_html(to, flow_event_title(event));
    fputs("</h2>\n<div class=\"scroll wide\"><table>", to);
    put_columns(to);
    fputs("<tbody>\n", to);
    for (unsigned r = 0; r < flow_row_count; r++)
        if (flow_rows[r].event == event)
            put_row(to, t, r);
    fputs("</tbody></table></div>\n", to);
}

void flow_write_html(FILE *to, const struct flow_tables *t)
{
    put_head(to, t);
    for (unsigned r = 0; r < flow_row_count; r++)
        if (!r || flow_rows[r].event != flow_rows[r - 1].event)
            put_event(to, t, flow_rows[r].event);
    fputs("<footer>- is a cell that is not computed; its title says why. * is "
          "one that is computed as if the platform's processor had APIC-timer "
          "virtualization.</footer>\n</main>\n</body>\n</html>\n",
          to);
}

/* ---- CSV, RFC 4180: one cell a line ---- */

static void put_line(FILE *to, unsigned row, const struct flow_config *config,
                     const struct flow_cell *cell)
{
    bool gap = cell->gap != FLOW_GAP_NOWHERE;
    char text[FLOW_TEXT];

    flow_cell_text(cell, text);
    text_csv(to, flow_rows[row].key);
    fprintf(to, ",%s,", config->name);
    if (gap)
        fputs(",,,", to);
    else
        fprintf(to, "%u,%s,%.3f,", cell->total, text,
                (double)cell->time / (double)SIM_NS);
    text_csv(to, gap ? flow_gap_sentence(cell->gap) : "");
    fputs("\r\n", to);
}

void flow_write_csv(FILE *to, const struct flow_tables *t)
{
    fputs("row,configuration,exits,by_reason,latency_ns,why\r\n", to);
    for (unsigned r = 0; r < flow_row_count; r++)
        for (unsigned c = 0; c < flow_config_count; c++)
            put_line(to, r, &flow_configs[c], flow_tables_cell(t, r, c));
}
