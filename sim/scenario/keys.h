/*
 * The table of all keys of scenarios and platform profiles: it feeds loader,
 * `virqsim show`, JSON Schema, manual and suggestions.  Its rows stand in
 * scenario_keys.def and, for the costs of a platform, in the *_costs.def
 * tables of the models.
 */
#ifndef SIM_SCENARIO_KEYS_H
#define SIM_SCENARIO_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "sim/scenario/scenario.h"
#include "sim/scenario/value.h"

/* Which group of keys a row belongs to, and what C struct holds its fields. */
enum key_owner {
    OWNER_SCENARIO,
    OWNER_MACHINE,
    OWNER_MACHINE_LAPIC,
    OWNER_MACHINE_IOMMU,
    OWNER_MACHINE_PIC,
    OWNER_MACHINE_IOAPIC,
    OWNER_MACHINE_HPET,
    OWNER_BRIDGE,
    OWNER_DEVICE,
    OWNER_ADAPTIVE,
    OWNER_DELAY_TIMERS,
    OWNER_COALESCING,
    OWNER_MSI,
    OWNER_PROGRAM,
    OWNER_VM,
    OWNER_FEATURES,
    OWNER_FILE, /* keys of a file that a variant cannot have */
    OWNER_EXPECT,
    OWNER_PUBLISHED,
    OWNER_CURVE,
    OWNER_PLATFORM,
    OWNER_CLOCKS,
    OWNER_CAPABILITIES,
    OWNER_CPU,
    OWNER_LAPIC,
    OWNER_IOAPIC,
    OWNER_IOMMU,
    OWNER_PIC,
    OWNER_PCIE,
    OWNER_BUS,
    OWNER_KVM,
    OWNER_SOURCED,
    OWNERS
};

enum key_type {
    KEY_QUANTITY,
    KEY_NUMBER,
    KEY_BOOL,
    KEY_CHOICE,          /* one of some words; an enum */
    KEY_WORD,            /* one of some words; kept as text */
    KEY_TEXT,            /* any printable text */
    KEY_NAME,            /* a letter, then letters, digits, '_' and '-' */
    KEY_PROGRAM,         /* the name of a program */
    KEY_BRIDGE,          /* the name of a bridge, or root */
    KEY_DEVICES,         /* a list of names of devices */
    KEY_VARIANT,         /* the name of a variant */
    KEY_VARIANT_NUMBERS, /* a number for each of some variants */
    KEY_GROUP,           /* keys of another owner */
    KEY_LIST,            /* a list of such groups, told apart by their name */
    KEY_PLATFORM,        /* a group, or the name of a file that holds it */
    KEY_VARIANTS,        /* overrides by name */
    KEY_SOURCED_VALUE,   /* the value itself inside {value:, source:, ...} */
};

/* Where a value of a platform comes from. */
struct scenario_sourced {
    char source[SCENARIO_TEXT];
    uint32_t certainty; /* the place in the word list */
    char note[SCENARIO_TEXT];
};

struct key {
    enum key_owner owner;
    const char *name;
    enum key_type type;
    enum quantity quantity;
    bool sourced; /* in the file: {value:, source:, certainty:, note:} */
    size_t offset, bytes;       /* the field in the owner's struct */
    const char *fallback;       /* the default; NULL: the key must be given */
    const char *min, *max;      /* NULL: no limit */
    const char *const *choices; /* NULL-terminated; the place is the value */
    enum key_owner child;       /* of groups and lists */
    size_t count_offset;        /* of lists: how many elements there are */
    size_t capacity, element_bytes;
    const char *sentence;
};

/* The table ends with a row without a name. */
extern const struct key scenario_keys[];

#define KEY_NAMES_MAX 64

/* The row of a key, or NULL. */
const struct key *key_find(enum key_owner owner, const char *name);

/* The next row of the owner after `k` (NULL: the first), or NULL. */
const struct key *key_next(enum key_owner owner, const struct key *k);

/* The names of the owner's keys, NULL-terminated; a second owner may follow
 * (else give the same one twice). */
void key_names(enum key_owner owner, enum key_owner second,
               const char *names[KEY_NAMES_MAX]);

/* A limit of the table in the base unit. */
uint64_t key_limit(const struct key *k, const char *limit);

/* Where the owner's keys stand, as --set names it: "vms.NAME.features." */
const char *owner_path(enum key_owner owner);
const char *owner_sentence(enum key_owner owner);

/* One word: what the JSON Schema calls it. */
const char *owner_id(enum key_owner owner);

/* "device", "program" or "virtual machine": one element of a list. */
const char *owner_noun(enum key_owner owner);

/* The manual of all keys in Markdown, and the JSON Schema of a scenario. */
void keys_markdown(FILE *to);
void keys_schema(FILE *to);

/* One line a key: its dotted path, type, default and sentence. */
void keys_list(FILE *to);

#endif
