// The interrupts that reach the APIC in one cycle before the register access: timer, message, LINT
// pins and the other local sources.  Acceptance itself follows in lapic_accept.
//
// Index and order of the requests: lapic_pkg::SourceTimer and so on.  Purely combinational.
module lapic_sources (
  input  lapic_pkg::state_t state_i,

  input  logic              timer_i,       // the timer expires
  input  logic              msg_valid_i,
  input  logic [7:0]        msg_vector_i,
  input  logic [2:0]        msg_mode_i,
  input  logic              msg_level_trigger_i,
  input  logic              msg_assert_i,
  input  logic [1:0]        lint_i,
  input  logic              cmci_i,
  input  logic              thermal_i,
  input  logic              perfmon_i,

  output logic [lapic_pkg::EarlySources-1:0]   fixed_o,
  output logic [lapic_pkg::EarlySources-1:0]   level_o,
  output logic [8*lapic_pkg::EarlySources-1:0] vector_o,
  // What is not a fixed interrupt: forwarded, merged (ExtINT) or refused at once.
  output logic [3*lapic_pkg::EarlySources-1:0] fate_o,
  output logic [3*lapic_pkg::EarlySources-1:0] mode_o,
  output logic              lint0_level_o, // the LINT0 request is the level-triggered one
  output logic              latch_extint_o
);
  localparam int unsigned N = lapic_pkg::EarlySources;

  logic         enabled;
  logic [1:0]   activated;
  logic [N-1:0] fires;
  logic [N-1:0] is_lint;
  logic [N-1:0] masked;
  logic         lint0_level;

  logic unused_bits;
  assign unused_bits = ^state_i;

  assign enabled = state_i.base_en;
  assign activated[0] = lint_i[0] != state_i.lint[0]
                        && lint_i[0] != state_i.lvt_lint0[lapic_pkg::LvtActiveLow];
  assign activated[1] = lint_i[1] != state_i.lint[1]
                        && lint_i[1] != state_i.lvt_lint1[lapic_pkg::LvtActiveLow];
  assign lint0_level = state_i.lvt_lint0[lapic_pkg::LvtLevel]
                       && state_i.lvt_lint0[10:8] == lapic_pkg::ModeFixed;
  assign lint0_level_o = lint0_level;

  // {LVT perfmon, thermal, CMCI, LINT1, LINT0, message, timer}: vector, mode, mask
  assign fires = {perfmon_i, thermal_i, cmci_i, activated[1] && enabled, activated[0] && enabled,
                  msg_valid_i, timer_i};
  assign is_lint = (N'(1) << lapic_pkg::SourceLint0) | (N'(1) << lapic_pkg::SourceLint1);
  assign vector_o = {state_i.lvt_perfmon[7:0], state_i.lvt_thermal[7:0], state_i.lvt_cmci[7:0],
                     state_i.lvt_lint1[7:0], state_i.lvt_lint0[7:0], msg_vector_i,
                     state_i.lvt_timer[7:0]};
  assign mode_o = {state_i.lvt_perfmon[10:8], state_i.lvt_thermal[10:8], state_i.lvt_cmci[10:8],
                   (enabled ? state_i.lvt_lint1[10:8] : lapic_pkg::ModeNmi),
                   state_i.lvt_lint0[10:8], msg_mode_i, lapic_pkg::ModeFixed};
  assign masked = {state_i.lvt_perfmon[lapic_pkg::LvtMasked],
                   state_i.lvt_thermal[lapic_pkg::LvtMasked],
                   state_i.lvt_cmci[lapic_pkg::LvtMasked],
                   state_i.lvt_lint1[lapic_pkg::LvtMasked],
                   state_i.lvt_lint0[lapic_pkg::LvtMasked],
                   1'b0,
                   state_i.lvt_timer[lapic_pkg::LvtMasked]};

  // Of LVT entries; a message says it itself.
  always_comb begin
    level_o = '0;
    level_o[lapic_pkg::SourceMessage] = msg_level_trigger_i;
    level_o[lapic_pkg::SourceLint0] = lint0_level;
  end

  always_comb begin
    fixed_o = '0;
    fate_o = '0;
    latch_extint_o = 1'b0;
    for (int unsigned i = 0; i < N; i++) begin
      if (i != lapic_pkg::SourceMessage && fires[i] && !masked[i]) begin
        unique case (mode_o[3*i +: 3])
          lapic_pkg::ModeFixed: fixed_o[i] = 1'b1;
          lapic_pkg::ModeSmi, lapic_pkg::ModeNmi: fate_o[3*i +: 3] = lapic_pkg::FateForwarded;
          lapic_pkg::ModeInit: if (is_lint[i]) fate_o[3*i +: 3] = lapic_pkg::FateForwarded;
          default: ;
        endcase
      end
    end
    // a level that software has not ended yet is not accepted again
    if (lint0_level && state_i.lvt_lint0[lapic_pkg::LvtRemoteIrr]) begin
      fixed_o[lapic_pkg::SourceLint0] = 1'b0;
    end
    // globally disabled, LINT1 is the core's NMI pin again
    if (!enabled && lint_i[1] && !state_i.lint[1]) begin
      fate_o[3*lapic_pkg::SourceLint1 +: 3] = lapic_pkg::FateForwarded;
    end

    if (msg_valid_i && !enabled) begin
      fate_o[3*lapic_pkg::SourceMessage +: 3] = lapic_pkg::FateApicDisabled;
    end else if (msg_valid_i) begin
      unique case (msg_mode_i)
        lapic_pkg::ModeFixed, lapic_pkg::ModeLowest: fixed_o[lapic_pkg::SourceMessage] = 1'b1;
        lapic_pkg::ModeSmi, lapic_pkg::ModeNmi, lapic_pkg::ModeSipi:
          fate_o[3*lapic_pkg::SourceMessage +: 3] = lapic_pkg::FateForwarded;
        lapic_pkg::ModeInit:
          fate_o[3*lapic_pkg::SourceMessage +: 3] = msg_level_trigger_i && !msg_assert_i
              ? lapic_pkg::FateUnsupportedMode : lapic_pkg::FateForwarded;
        lapic_pkg::ModeExtint: begin
          fate_o[3*lapic_pkg::SourceMessage +: 3] = state_i.extint_latched
              ? lapic_pkg::FateMerged : lapic_pkg::FateForwarded;
          latch_extint_o = 1'b1;
        end
        default: fate_o[3*lapic_pkg::SourceMessage +: 3] = lapic_pkg::FateUnsupportedMode;
      endcase
    end
  end
endmodule
