/*
 * The command line: `virqsim VERB FILE [OPTION...]`, the same everywhere.
 */
#ifndef SIM_CLI_CLI_H
#define SIM_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/report/result.h"
#include "sim/scenario/scenario_load.h"

#define CLI_VERSION "0.1.0"
#define CLI_SETS 256
#define CLI_FILES 256

/* Exit statuses; scripts rely on them. */
enum cli_status {
    CLI_FINE = 0,
    CLI_EXPECTATION_FAILED = 1,
    CLI_USER_MISTAKE = 2,
    CLI_OUR_FAULT = 3,     /* the run's own accounts do not add up */
    CLI_NOT_EXHAUSTED = 4, /* a limit cut the search short */
};

/* Options, as bits: which of them a verb takes. */
enum cli_option {
    CLI_VARIANT = 1 << 0,
    CLI_SET = 1 << 1,    /* --set and --seed */
    CLI_OUTPUT = 1 << 2, /* --json and --quiet */
    CLI_HOST = 1 << 3,
    CLI_MARKDOWN = 1 << 4,
    CLI_FOLDER = 1 << 5, /* --out */
    CLI_LIMITS = 1 << 6, /* --window, --max-states and --depth */
    CLI_DIFF = 1 << 7,   /* --feature-diff */
    CLI_TABLES = 1 << 8, /* --out of the interrupt flows */
};

struct cli {
    const char *file;             /* for `list`: what to list, or NULL */
    const char *files[CLI_FILES]; /* of a verb that takes several */
    unsigned file_count;
    const char *variant, *seed;
    const char *set[CLI_SETS];
    unsigned set_count;
    const char *feature_diff; /* "FROM,TO", or NULL */
    const char *out;          /* a folder, or NULL */
    const char *json;         /* a file, "-", or NULL */
    bool quiet, markdown, systemc;
    const uint64_t *window;     /* femtoseconds, or NULL */
    uint32_t max_states, depth; /* 0: not given */
};

struct cli_verb {
    const char *name, *summary;
    const char *arguments; /* as the usage line names them */
    const char *text;      /* of --help: what it does, then an example */
    unsigned options;
    bool needs_file, many_files;
    /* One of both; the exit status.  The second acts on --variant, or on the
     * first one of the file. */
    int (*run)(const struct cli *cli);
    int (*on_variant)(const struct cli *cli, const struct scenario_set *set,
                      unsigned variant);
};

extern const struct cli_verb cli_run, cli_compare, cli_check, cli_show,
    cli_list, cli_replay, cli_explore, cli_flows;

/* Reads the options of a verb; argv[0] is "virqsim VERB".  Ends the program
 * on --help and on a mistake. */
void cli_parse(const struct cli_verb *verb, int argc, char **argv,
               struct cli *cli);

/* The scenario of the command line; NULL after its mistakes are printed. */
struct scenario_set *cli_load(const struct cli *cli);

/* The index of --variant, 0 without it; -1 after a mistake is printed. */
int cli_variant(const struct cli *cli, const struct scenario_set *set);

/* Loads the scenario for a verb that acts on one variant; the exit status. */
int cli_on_variant(const struct cli_verb *verb, const struct cli *cli);

/* True if progress should be shown: a person is watching. */
bool cli_watched(const struct cli *cli);

struct machine;

/* A machine with all that this program has, RTL included. */
struct machine *cli_build(const struct scenario *s);

/* Fills result column `i` from a machine that has run; false if its accounts
 * do not add up (printed). */
bool cli_collect(struct result *r, unsigned i, struct machine *m);

/* Writes every form of the result that was asked for; returns the status. */
int cli_report(const struct cli *cli, struct result *r);

/* Room for a file in a folder that was made. */
#define CLI_PATH 4200

/* The folder and those above it; false after a mistake is printed. */
bool cli_make_folder(const char *folder);

#endif
