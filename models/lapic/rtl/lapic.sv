// The local APIC: RTL twin of models/lapic/lapic.c with its node.
//
// The contract of a cycle.  What is presented before a rising edge of clk_i happens at that edge,
// and every output shows it from the edge on (answers, levels, pulses of one cycle).  Within one
// cycle the order is:
//   1. INTR rises and a message leaves for the bus, if their delay ends at this tick
//   2. the timer expires: TMCCT, or the TSC reaches the deadline
//   3. the message, LINT0, LINT1, CMCI, thermal monitor, performance counter
//   4. the register access; then a TSC deadline in the past fires
//   5. INTA, then the INTA cycles that answer an ExtINT request
//   6. INIT, RESET
//   7. INTR rises and a message leaves, if their delay is 0 and this is a tick
// INTR falls at once; it rises, and messages leave, a number of ticks of the APIC clock
// (apic_tick_i) after the first tick at or after the cycle that asked for it: accept_to_intr_i for
// what reaches the APIC, eoi_to_intr_i for what software does to it, icr_to_bus_i for messages.
//
// In silicon clk_i is the APIC clock: apic_tick_i = 1, step_i = 1, and the delays are constants.  A
// simulation clocks the twin whenever something happens: apic_tick_i and timer_tick_i say whether
// the instant is an edge of those clocks, and step_i = 0 that it is still the instant of the cycle
// before, which gives operations of one instant any order.  A profile sets the delays.  It may pass
// over ticks of the APIC clock while intr_waiting_o and sending_o are 0, and over ticks of the
// timer's clock before the count is 0 if timer_skipped_i tells how many.
module lapic (
  input  logic         clk_i,
  input  logic         rst_ni,     // synchronous: power-up

  // straps
  input  logic [31:0]  id_i,
  input  logic         bsp_i,
  input  logic [4:0]   features_i, // enum lapic_feature
  input  logic [5:0]   maxphyaddr_i,
  input  logic [15:0]  accept_to_intr_i,
  input  logic [15:0]  eoi_to_intr_i,
  input  logic [15:0]  icr_to_bus_i,

  // time
  input  logic         step_i,
  input  logic         apic_tick_i,
  input  logic         timer_tick_i,
  input  logic [38:0]  timer_skipped_i, // ticks since the last cycle without one; 0 in silicon
  input  logic [63:0]  tsc_i,

  // a message that names this APIC
  input  logic         msg_valid_i,
  input  logic [7:0]   msg_vector_i,
  input  logic [2:0]   msg_mode_i,
  input  logic         msg_level_trigger_i,
  input  logic         msg_assert_i,

  // does a message name this APIC?  Combinational, on the state after the last edge.
  input  logic [31:0]  match_dest_i,
  input  logic [31:0]  match_sender_i,
  input  logic [1:0]   match_shorthand_i,
  input  logic         match_logical_i,
  input  logic         match_dest8_i,
  output logic         match_o,

  input  logic [1:0]   lint_i,
  input  logic         cmci_i,
  input  logic         thermal_i,
  input  logic         perfmon_i,

  // register access
  input  logic         acc_valid_i,
  input  logic [2:0]   acc_kind_i,    // lapic_pkg::access_e
  input  logic [31:0]  acc_address_i,
  input  logic [3:0]   acc_bytes_i,
  input  logic [63:0]  acc_wdata_i,
  output logic [63:0]  acc_rdata_o,
  output logic         acc_fault_o,   // #GP(0)

  // interrupt acknowledge
  input  logic         ack_i,
  output logic [7:0]   ack_vector_o,
  output logic         ack_spurious_o,
  input  logic         ack_extint_i,

  input  logic         init_i,
  input  logic         reset_i,

  // to the core
  output logic         intr_o,
  output logic         extint_o,
  output logic         nmi_o,
  output logic         smi_o,
  output logic         init_o,
  output logic         sipi_o,
  output logic [7:0]   sipi_vector_o,

  // to the bus: ICR messages and EOI broadcasts, in the order in which they were written
  output logic         out_valid_o,
  output logic         out_eoi_o,
  output logic [7:0]   out_vector_o,
  output logic [31:0]  out_dest_o,
  output logic [31:0]  out_sender_o,
  output logic [2:0]   out_mode_o,
  output logic [1:0]   out_shorthand_o,
  output logic         out_logical_o,
  output logic         out_dest8_o,

  // what became of each interrupt (lapic_pkg::fate_e), for those who keep a ledger
  output logic [3*lapic_pkg::Sources-1:0] fate_o,
  output logic [8*lapic_pkg::Sources-1:0] fate_vector_o,
  output logic [3*lapic_pkg::Sources-1:0] fate_mode_o,
  output logic [3*lapic_pkg::Sources-1:0] error_fate_o, // of the error interrupt it set off
  output logic [7:0]   error_vector_o,
  output logic         eoi_o,
  output logic [7:0]   eoi_vector_o,
  output logic         send_o,       // the access wrote a message for the bus
  output logic         cleared_o,    // IRR and ISR were emptied

  // debug: the registers, reading disturbs nothing
  output logic [64*32-1:0] regs_o,
  output logic [63:0]  apic_base_o,
  output logic [63:0]  tsc_deadline_o,
  output logic [7:0]   errors_o,     // recorded since the last write of ESR
  output logic         error_armed_o,
  output logic         intr_waiting_o, // INTR is going to rise
  output logic         sending_o,      // a message is on its way to the bus
  output logic         timer_counting_o,
  output logic [38:0]  timer_left_o    // clocks from this tick of the timer's clock, or the next
);
  localparam int unsigned Early = lapic_pkg::EarlySources;
  localparam int unsigned Late = lapic_pkg::Sources - Early;

  lapic_pkg::straps_t straps;
  assign straps.id = id_i;
  assign straps.bsp = bsp_i;
  assign straps.maxphyaddr = maxphyaddr_i;
  assign {straps.id_writable, straps.eoi_suppression, straps.cmci, straps.tsc_deadline,
          straps.x2apic} = features_i;

  lapic_pkg::state_t state_q;
  lapic_pkg::state_t early;        // after step 3, but for what lapic_accept gives
  lapic_pkg::state_t before_access;
  lapic_pkg::state_t accessed;
  lapic_pkg::state_t late;         // after step 4, likewise
  lapic_pkg::state_t after_access;
  lapic_pkg::state_t acknowledged;
  lapic_pkg::state_t reset_state;
  lapic_pkg::state_t state_d;

  logic [15:0]       tick;         // number of this tick of the APIC clock, or of the next
  logic [15:0]       tick_q;       // as of the last cycle, as the next two
  logic              apic_tick_q;
  logic              timer_tick_q;
  lapic_pkg::line_t  line_q;
  logic [17:0]       line_d;

  // ---- time goes on ----------------------------------------------------------------------------

  logic [38:0] clocks_left;

  assign tick = tick_q + {15'd0, step_i && apic_tick_q};
  assign clocks_left = state_q.clocks_left
                     - {38'd0, step_i && timer_tick_q && state_q.counting}
                     - (state_q.counting ? timer_skipped_i : 39'd0);

  // ---- steps 2 and 3 ---------------------------------------------------------------------------

  logic               count_expires;
  logic               deadline_expires;
  logic [Early-1:0]   early_fixed;
  logic [Early-1:0]   early_level;
  logic [8*Early-1:0] early_vector;
  logic [3*Early-1:0] early_mode;
  logic [3*Early-1:0] early_other;
  logic [3*Early-1:0] early_fate;
  logic [3*Early-1:0] early_error;
  logic [3*Early-1:0] early_fates;
  logic               lint0_level;
  logic               latch_extint;

  assign count_expires = state_q.counting && timer_tick_i && clocks_left == 39'd0;
  assign deadline_expires = state_q.tsc_deadline != 64'd0 && tsc_i >= state_q.tsc_deadline;

  lapic_sources u_sources (
    .state_i(state_q),
    .timer_i(count_expires || deadline_expires),
    .msg_valid_i, .msg_vector_i, .msg_mode_i, .msg_level_trigger_i, .msg_assert_i,
    .lint_i, .cmci_i, .thermal_i, .perfmon_i,
    .fixed_o(early_fixed), .level_o(early_level), .vector_o(early_vector),
    .fate_o(early_other), .mode_o(early_mode),
    .lint0_level_o(lint0_level), .latch_extint_o(latch_extint)
  );

  logic [255:0] early_irr;
  logic [255:0] early_tmr;
  logic [7:0]   early_errors;
  logic         early_armed;

  lapic_accept #(.N(Early)) u_early (
    .enabled_i(state_q.svr[lapic_pkg::SvrEnable]), .lvt_error_i(state_q.lvt_error),
    .fixed_i(early_fixed), .level_i(early_level), .vector_i(early_vector),
    .raise_i('0),
    .irr_i(state_q.irr), .tmr_i(state_q.tmr), .errors_i(state_q.errors),
    .error_armed_i(state_q.error_armed),
    .irr_o(early_irr), .tmr_o(early_tmr), .errors_o(early_errors), .error_armed_o(early_armed),
    .fate_o(early_fate), .error_fate_o(early_error)
  );
  assign early_fates = early_fate | early_other;

  always_comb begin
    early = state_q;
    early.clocks_left = clocks_left;
    if (count_expires) begin
      early.counting = state_q.lvt_timer[18:17] == lapic_pkg::TimerPeriodic;
      early.clocks_left = lapic_pkg::clocks_of(state_q.tmict,
                                               {state_q.dcr[3], state_q.dcr[1:0]});
    end
    if (deadline_expires) early.tsc_deadline = 64'd0;
    early.lint = lint_i;
    if (latch_extint) early.extint_latched = 1'b1;

    before_access = early;
    before_access.irr = early_irr;
    before_access.tmr = early_tmr;
    before_access.errors = early_errors;
    before_access.error_armed = early_armed;
    if (lint0_level && (early_fate[3*lapic_pkg::SourceLint0 +: 3] == lapic_pkg::FateAccepted
                        || early_fate[3*lapic_pkg::SourceLint0 +: 3] == lapic_pkg::FateMerged))
    begin
      before_access.lvt_lint0[lapic_pkg::LvtRemoteIrr] = 1'b1;
      before_access.lint0_vector = state_q.lvt_lint0[7:0];
    end
    if (early_fates[3*lapic_pkg::SourcePerfmon +: 3] != lapic_pkg::FateNone) begin
      before_access.lvt_perfmon[lapic_pkg::LvtMasked] = 1'b1;
    end
  end

  // ---- step 4 ----------------------------------------------------------------------------------

  logic [63:0]         rdata;
  logic                fault;
  logic                disabled;
  logic [7:0]          raise;
  logic                lint0_again;
  logic                deadline_past;
  logic                eoi;
  logic [7:0]          eoi_vector;
  logic                send;
  lapic_pkg::message_t message;
  lapic_pkg::message_t sent;

  lapic_access u_access (
    .straps_i(straps), .state_i(before_access),
    .valid_i(acc_valid_i), .kind_i(acc_kind_i), .address_i(acc_address_i),
    .bytes_i(acc_bytes_i), .wdata_i(acc_wdata_i),
    .state_o(accessed), .rdata_o(rdata), .fault_o(fault), .cleared_o(disabled),
    .raise_o(raise), .lint0_o(lint0_again), .eoi_o(eoi), .eoi_vector_o(eoi_vector),
    .send_o(send), .message_o(message)
  );
  assign deadline_past = accessed.tsc_deadline != 64'd0 && tsc_i >= accessed.tsc_deadline;

  logic [255:0]      late_irr;
  logic [255:0]      late_tmr;
  logic [7:0]        late_errors;
  logic              late_armed;
  logic [3*Late-1:0] late_fate;
  logic [3*Late-1:0] late_error;
  logic [8*Late-1:0] late_vector;

  assign late_vector = {accessed.lvt_timer[7:0], accessed.lvt_lint0[7:0]};
  lapic_accept #(.N(Late)) u_late (
    .enabled_i(accessed.svr[lapic_pkg::SvrEnable]), .lvt_error_i(accessed.lvt_error),
    .fixed_i({deadline_past && !accessed.lvt_timer[lapic_pkg::LvtMasked], lint0_again}),
    .level_i(2'b01), .vector_i(late_vector), .raise_i({8'd0, raise}),
    .irr_i(accessed.irr), .tmr_i(accessed.tmr), .errors_i(accessed.errors),
    .error_armed_i(accessed.error_armed),
    .irr_o(late_irr), .tmr_o(late_tmr), .errors_o(late_errors), .error_armed_o(late_armed),
    .fate_o(late_fate), .error_fate_o(late_error)
  );

  always_comb begin
    late = accessed;
    if (deadline_past) late.tsc_deadline = 64'd0;

    after_access = late;
    after_access.irr = late_irr;
    after_access.tmr = late_tmr;
    after_access.errors = late_errors;
    after_access.error_armed = late_armed;
    if (late_fate[2:0] == lapic_pkg::FateAccepted || late_fate[2:0] == lapic_pkg::FateMerged) begin
      after_access.lvt_lint0[lapic_pkg::LvtRemoteIrr] = 1'b1;
      after_access.lint0_vector = accessed.lvt_lint0[7:0];
    end
  end

  // ---- steps 5 and 6 ---------------------------------------------------------------------------

  logic       high_early;
  logic       high_late;
  logic       high_end;
  logic [7:0] irrv;

  assign high_early = lapic_pkg::eligible(before_access.irr, before_access.isr,
      before_access.tpr[7:4], before_access.svr[lapic_pkg::SvrEnable]);
  assign high_late = lapic_pkg::eligible(after_access.irr, after_access.isr,
      after_access.tpr[7:4], after_access.svr[lapic_pkg::SvrEnable]);
  assign high_end = lapic_pkg::eligible(state_d.irr, state_d.isr,
      state_d.tpr[7:4], state_d.svr[lapic_pkg::SvrEnable]);
  assign irrv = lapic_pkg::top_vector(after_access.irr);

  always_comb begin
    acknowledged = after_access;
    if (ack_i && high_late) begin
      acknowledged.irr[irrv] = 1'b0;
      acknowledged.isr[irrv] = 1'b1;
    end
    if (ack_extint_i) acknowledged.extint_latched = 1'b0;
  end

  lapic_reset u_reset (.straps_i(straps), .state_i(acknowledged), .state_o(reset_state));

  always_comb begin
    state_d = acknowledged;
    if (init_i || reset_i || !rst_ni) state_d = reset_state;
    if (reset_i || !rst_ni) begin
      state_d.base_page = 40'h00000fee00;
      state_d.base_en = 1'b1;
      state_d.base_extd = 1'b0;
      state_d.base_bsp = straps.bsp;
    end
    if (!rst_ni) state_d.lint = 2'b00;
  end

  // ---- INTR and messages -----------------------------------------------------------------------

  always_comb begin
    line_d = lapic_pkg::rise(line_q, apic_tick_i, tick);
    line_d = lapic_pkg::drive(line_d, high_early, tick + accept_to_intr_i);
    line_d = lapic_pkg::drive(line_d, high_late,
        tick + (deadline_past ? accept_to_intr_i : eoi_to_intr_i));
    line_d = lapic_pkg::drive(line_d, high_end, tick + eoi_to_intr_i);
    line_d = lapic_pkg::rise(line_d, apic_tick_i, tick);
  end

  lapic_send u_send (
    .clk_i, .rst_ni, .step_i, .tick_i(apic_tick_i), .now_i(tick), .delay_i(icr_to_bus_i),
    .push_i(send), .message_i(message),
    .valid_o(out_valid_o), .message_o(sent), .waiting_o(sending_o)
  );

  always_ff @(posedge clk_i) begin
    state_q <= state_d;
    line_q <= line_d;
    if (!rst_ni) begin
      {tick_q, apic_tick_q, timer_tick_q} <= '0;
    end else begin
      tick_q <= tick;
      apic_tick_q <= apic_tick_i;
      timer_tick_q <= timer_tick_i;
    end
  end

  // ---- answers and pulses ----------------------------------------------------------------------

  logic [3*lapic_pkg::Sources-1:0] fates;
  logic [3*lapic_pkg::Sources-1:0] modes;
  logic [3:0]                      pulses;  // SIPI, INIT, NMI, SMI

  assign fates = {late_fate, early_fates};
  assign modes = {lapic_pkg::ModeFixed, lapic_pkg::ModeFixed, early_mode};

  always_comb begin
    pulses = 4'b0000;
    for (int unsigned i = 0; i < lapic_pkg::Sources; i++) begin
      if (fates[3*i +: 3] == lapic_pkg::FateForwarded) begin
        unique case (modes[3*i +: 3])
          lapic_pkg::ModeSmi: pulses[0] = 1'b1;
          lapic_pkg::ModeNmi: pulses[1] = 1'b1;
          lapic_pkg::ModeInit: pulses[2] = 1'b1;
          lapic_pkg::ModeSipi: pulses[3] = 1'b1;
          default: ;
        endcase
      end
    end
  end

  always_ff @(posedge clk_i) begin
    acc_rdata_o <= rdata;
    acc_fault_o <= fault;
    ack_vector_o <= 8'd0;
    if (ack_i) ack_vector_o <= high_late ? irrv : after_access.svr[7:0];
    ack_spurious_o <= ack_i && !high_late;
    {sipi_o, init_o, nmi_o, smi_o} <= rst_ni ? pulses : 4'b0000;
    sipi_vector_o <= pulses[3] ? msg_vector_i : 8'd0;
    fate_o <= fates;
    fate_vector_o <= {late_vector, early_vector};
    fate_mode_o <= modes;
    error_fate_o <= {late_error, early_error};
    error_vector_o <= accessed.lvt_error[7:0];
    eoi_o <= eoi;
    eoi_vector_o <= eoi ? eoi_vector : 8'd0;
    send_o <= send;
    cleared_o <= disabled || init_i || reset_i;
  end

  assign intr_o = line_q.high;
  assign {out_eoi_o, out_dest_o, out_sender_o, out_vector_o, out_mode_o, out_shorthand_o,
          out_logical_o, out_dest8_o} = sent;

  // Globally disabled, LINT0 is the core's INTR pin again.
  logic [1:0] lint_extint;
  assign lint_extint[0] = !state_q.lvt_lint0[lapic_pkg::LvtMasked]
      && state_q.lvt_lint0[10:8] == lapic_pkg::ModeExtint
      && state_q.lint[0] != state_q.lvt_lint0[lapic_pkg::LvtActiveLow];
  assign lint_extint[1] = !state_q.lvt_lint1[lapic_pkg::LvtMasked]
      && state_q.lvt_lint1[10:8] == lapic_pkg::ModeExtint
      && state_q.lint[1] != state_q.lvt_lint1[lapic_pkg::LvtActiveLow];
  assign extint_o = state_q.base_en ? state_q.extint_latched || lint_extint != 2'b00
                                    : state_q.lint[0];

  lapic_match u_match (
    .straps_i(straps), .state_i(state_q),
    .dest_i(match_dest_i), .sender_i(match_sender_i), .shorthand_i(match_shorthand_i),
    .logical_i(match_logical_i), .dest8_i(match_dest8_i), .match_o
  );

  lapic_view u_view (.straps_i(straps), .state_i(state_q), .regs_o);
  assign apic_base_o = {12'd0, state_q.base_page, state_q.base_en, state_q.base_extd, 1'b0,
                        state_q.base_bsp, 8'd0};
  assign tsc_deadline_o = state_q.tsc_deadline;
  assign errors_o = state_q.errors;
  assign error_armed_o = state_q.error_armed;
  assign intr_waiting_o = line_q.waiting;
  assign timer_counting_o = state_q.counting;
  assign timer_left_o = state_q.clocks_left;
endmodule
