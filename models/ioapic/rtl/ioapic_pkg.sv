// Types that the modules of the I/O APIC share.
// Register offsets, masks and resets: ioapic_regs_pkg, made from the table.
package ioapic_pkg;

  // Delivery modes as redirection table entries and messages encode them.
  typedef enum logic [2:0] {
    ModeFixed     = 3'd0,
    ModeLowest    = 3'd1,
    ModeSmi       = 3'd2,
    ModeReserved3 = 3'd3,
    ModeNmi       = 3'd4,
    ModeInit      = 3'd5,
    ModeReserved6 = 3'd6,
    ModeExtint    = 3'd7
  } mode_e;

  // What became of a pin's activation.
  typedef enum logic [2:0] {
    FateNone,
    FateRequested,       // its message waits from now on
    FateMergedWaiting,   // the message before it has not left yet
    FateMergedService,   // remote IRR is set, or will be
    FateDropped          // reserved delivery mode: nothing is sent
  } fate_e;

  // What software should not do, in the order of ioapic_warnings.def.
  typedef enum logic [3:0] {
    WarningNone,
    WarningWidth,
    WarningHole,
    WarningIndex,
    WarningReadOnly,
    WarningWriteOnly,
    WarningLevelMode,
    WarningReservedMode,
    WarningIllegalVector,
    WarningVectorChanged
  } warning_e;

  // A pin and its redirection table entry.
  typedef struct packed {
    logic [7:0] dest;
    logic [7:0] extended;
    logic       masked;
    logic       level;
    logic       remote_irr;
    logic       active_low;
    logic       logical;
    logic [2:0] mode;
    logic [7:0] vec;
    logic       high;       // electrical level of the pin
    logic       waiting;    // a message is to be sent
    logic       resend;     // ... that an EOI set off
    logic       asked;      // a level message was sent, no answer yet
    logic       again;      // to try again if it is refused
    logic       told;       // level entry of an edge delivery mode: this assertion was sent
  } entry_t;

  function automatic logic mode_has_vector(input logic [2:0] mode);
    mode_has_vector = mode == ioapic_pkg::ModeFixed || mode == ioapic_pkg::ModeLowest;
  endfunction

  function automatic logic mode_reserved(input logic [2:0] mode);
    mode_reserved = mode == ioapic_pkg::ModeReserved3 || mode == ioapic_pkg::ModeReserved6;
  endfunction

endpackage
