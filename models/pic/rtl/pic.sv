// Two 8259As as a PC wires them: RTL twin of models/pic/pic_pair.c with its node.
//
// The contract of a cycle.  What is presented before a rising edge of clk_i happens at that edge,
// and every output shows it from the edge on.  Within one cycle the order is:
//   1. INT rises, if its delay ends at this tick
//   2. the lines change; those that rise come before those that fall
//   3. the register access
//   4. the INTA cycle, both pulses
//   5. INT rises, if its delay is 0 and this is a tick
// INT falls at once; it rises a number of ticks of the 8259As' clock (tick_i) after the first tick
// at or after the cycle that asked for it: line_to_int_i for lines, write_to_int_i for what
// software and the processor do.
//
// In silicon clk_i is the 8259As' clock or any faster one, tick_i = 1 at the edges of the former,
// step_i = 1, and the delays are constants.  A simulation clocks the twin whenever something
// happens: tick_i says whether the instant is such an edge, step_i = 0 that it is still the instant
// of the cycle before.  A profile sets the delays.
module pic (
  input  logic        clk_i,
  input  logic        rst_ni,        // synchronous: power-up

  // straps
  input  logic        has_imcr_i,
  input  logic [15:0] line_to_int_i,
  input  logic [15:0] write_to_int_i,

  // time
  input  logic        step_i,
  input  logic        tick_i,

  input  logic [15:0] line_i,        // ISA lines, high = asserted; 2 goes nowhere

  // register access, one byte
  input  logic        acc_valid_i,
  input  logic        acc_write_i,
  input  logic [15:0] acc_port_i,
  input  logic [7:0]  acc_wdata_i,
  output logic [7:0]  acc_rdata_o,

  // interrupt acknowledge
  input  logic        inta_i,
  output logic [7:0]  vector_o,

  // the master's INT: to LINT0 and INTIN0, or to the processor's pin
  output logic        int_o,
  output logic        int_direct_o,
  output logic        int_waiting_o, // its delay runs
  output logic        direct_o,      // int_direct_o has it, not int_o
  output logic        dipped_o,      // INT was low for a moment

  // what became of each line's request in each step, for those who keep a ledger
  output logic [16*pic_pkg::Steps-1:0] born_o,
  output logic [16*pic_pkg::Steps-1:0] withdrawn_o,
  output logic [16*pic_pkg::Steps-1:0] ended_o,
  output logic [16*pic_pkg::Steps-1:0] acked_o,
  output logic        icw1_o,        // the access was an ICW1
  output logic [pic_pkg::Warnings-1:0] warnings_o, // a set of pic_pkg::warning_e

  // debug: the state, reading disturbs nothing
  output logic [32*pic_pkg::StateWords-1:0] state_o
);
  localparam int unsigned Steps = pic_pkg::Steps;

  pic_pkg::state_t   master_q;
  pic_pkg::state_t   slave_q;
  pic_pkg::state_t   power_up;
  logic [7:0]        imcr_select_q;
  logic [7:0]        imcr_select_d;
  logic              imcr_q;
  logic              imcr_d;
  logic [15:0]       tick_q;         // number of the tick of the last cycle, or of the next
  logic              ticked_q;       // that cycle's instant was a tick
  logic [15:0]       tick;           // the same of this cycle
  pic_pkg::line_t    int_q;
  logic [17:0]       int_d;

  // ---- lines -----------------------------------------------------------------------------------

  pic_pkg::state_t master_lines;
  pic_pkg::state_t slave_lines;
  pic_pkg::state_t master_1;
  pic_pkg::state_t slave_1;
  logic            master_found_1;
  logic [2:0]      master_level_1;
  logic [7:0]      unused_cascade_1;
  logic            slave_found_1;
  logic [2:0]      slave_level_1;
  logic            int_1;
  logic [7:0]      master_pins;

  always_comb begin
    master_pins = line_i[7:0];
    master_pins[pic_pkg::Cascade] = master_q.line[pic_pkg::Cascade];
  end

  pic_lines u_master_lines (.state_i(master_q), .line_i(master_pins), .state_o(master_lines));
  pic_lines u_slave_lines (.state_i(slave_q), .line_i(line_i[15:8]), .state_o(slave_lines));
  pic_settle u_settle_1 (
    .master_i(master_lines), .slave_i(slave_lines), .master_o(master_1), .slave_o(slave_1),
    .master_found_o(master_found_1), .master_level_o(master_level_1), .cascade_o(unused_cascade_1),
    .slave_found_o(slave_found_1), .slave_level_o(slave_level_1), .int_o(int_1)
  );

  // ---- register access -------------------------------------------------------------------------

  pic_pkg::state_t master_accessed;
  pic_pkg::state_t slave_accessed;
  pic_pkg::state_t master_2;
  pic_pkg::state_t slave_2;
  logic            master_found_2;
  logic [2:0]      master_level_2;
  logic [7:0]      cascade_2;
  logic            slave_found_2;
  logic [2:0]      slave_level_2;
  logic            int_2;
  logic [7:0]      rdata;
  logic            icw1;
  logic            master_poll;
  logic            slave_poll;
  logic [pic_pkg::Warnings-1:0] access_warnings;

  pic_access u_access (
    .master_i(master_1), .slave_i(slave_1), .imcr_select_i(imcr_select_q), .imcr_i(imcr_q),
    .has_imcr_i, .valid_i(acc_valid_i), .write_i(acc_write_i), .port_i(acc_port_i),
    .wdata_i(acc_wdata_i),
    .master_found_i(master_found_1), .master_level_i(master_level_1),
    .slave_found_i(slave_found_1), .slave_level_i(slave_level_1),
    .master_o(master_accessed), .slave_o(slave_accessed),
    .imcr_select_o(imcr_select_d), .imcr_o(imcr_d), .rdata_o(rdata), .icw1_o(icw1),
    .master_poll_o(master_poll), .slave_poll_o(slave_poll), .warnings_o(access_warnings)
  );
  pic_settle u_settle_2 (
    .master_i(master_accessed), .slave_i(slave_accessed), .master_o(master_2), .slave_o(slave_2),
    .master_found_o(master_found_2), .master_level_o(master_level_2), .cascade_o(cascade_2),
    .slave_found_o(slave_found_2), .slave_level_o(slave_level_2), .int_o(int_2)
  );

  // ---- INTA ------------------------------------------------------------------------------------

  pic_pkg::state_t master_acked;
  pic_pkg::state_t slave_acked;
  pic_pkg::state_t master_3;
  pic_pkg::state_t slave_3;
  logic            int_3;
  logic [7:0]      vector;
  logic            dipped;
  logic            master_inta;
  logic            slave_inta;
  logic            no_slave;
  logic [1:0]      unused_found;
  logic [5:0]      unused_level;
  logic [7:0]      unused_cascade;

  pic_inta u_inta (
    .master_i(master_2), .slave_i(slave_2), .valid_i(inta_i),
    .master_found_i(master_found_2), .master_level_i(master_level_2), .cascade_i(cascade_2),
    .slave_found_i(slave_found_2), .slave_level_i(slave_level_2),
    .master_o(master_acked), .slave_o(slave_acked), .vector_o(vector), .dipped_o(dipped),
    .master_acked_o(master_inta), .slave_acked_o(slave_inta), .no_slave_o(no_slave)
  );
  pic_settle u_settle_3 (
    .master_i(master_acked), .slave_i(slave_acked), .master_o(master_3), .slave_o(slave_3),
    .master_found_o(unused_found[1]), .master_level_o(unused_level[5:3]),
    .cascade_o(unused_cascade), .slave_found_o(unused_found[0]),
    .slave_level_o(unused_level[2:0]), .int_o(int_3)
  );

  // ---- INT and state ---------------------------------------------------------------------------

  logic polled;
  assign polled = master_poll || slave_poll;
  assign tick = tick_q + {15'd0, step_i && ticked_q};

  always_comb begin
    int_d = pic_pkg::rise(int_q, tick_i, tick);
    int_d = pic_pkg::drive(int_d, 1'b0, int_1, tick + line_to_int_i);
    int_d = pic_pkg::drive(int_d, polled, int_2, tick + write_to_int_i);
    int_d = pic_pkg::drive(int_d, dipped, int_3, tick + write_to_int_i);
    int_d = pic_pkg::rise(int_d, tick_i, tick);
  end

  always_comb begin
    power_up = '0;
    power_up.imr = 8'(pic_regs_pkg::MASTER_DATA_RESET);
    power_up.lowest = 3'd7;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      master_q <= power_up;
      slave_q <= power_up;
      slave_q.icw3 <= 8'(pic_regs_pkg::ICW3_ID_BITS);
      imcr_select_q <= 8'd0;
      imcr_q <= 1'b0;
      {tick_q, ticked_q} <= '0;
      int_q <= '0;
    end else begin
      master_q <= master_3;
      slave_q <= slave_3;
      imcr_select_q <= imcr_select_d;
      imcr_q <= imcr_d;
      tick_q <= tick;
      ticked_q <= tick_i || (ticked_q && !step_i);
      int_q <= int_d;
    end
  end

  logic direct;
  assign direct = has_imcr_i && !imcr_q;
  assign int_o = int_q.high && !direct;
  assign int_direct_o = int_q.high && direct;
  assign int_waiting_o = int_q.waiting;
  assign direct_o = direct;

  // ---- answers, requests -----------------------------------------------------------------------

  logic [15:0]         requests_0;
  logic [15:0]         requests_1;
  logic [15:0]         requests_2;
  logic [15:0]         requests_3;
  logic [15:0]         in_service_0;
  logic [15:0]         in_service_1;
  logic [15:0]         in_service_2;
  logic [15:0]         in_service_3;
  logic [16*Steps-1:0] requests_before;
  logic [16*Steps-1:0] requests_after;
  logic [16*Steps-1:0] in_service_before;
  logic [16*Steps-1:0] in_service_after;
  logic [16*Steps-1:0] levels;          // acknowledged in each step
  logic [16*Steps-1:0] acked;
  logic [pic_pkg::Warnings-1:0] warnings;

  pic_requests u_requests_0 (.master_i(master_q), .slave_i(slave_q),
                             .requests_o(requests_0), .in_service_o(in_service_0));
  pic_requests u_requests_1 (.master_i(master_1), .slave_i(slave_1),
                             .requests_o(requests_1), .in_service_o(in_service_1));
  pic_requests u_requests_2 (.master_i(master_2), .slave_i(slave_2),
                             .requests_o(requests_2), .in_service_o(in_service_2));
  pic_requests u_requests_3 (.master_i(master_3), .slave_i(slave_3),
                             .requests_o(requests_3), .in_service_o(in_service_3));
  assign requests_before = {requests_2, requests_1, requests_0};
  assign requests_after = {requests_3, requests_2, requests_1};
  assign in_service_before = {in_service_2, in_service_1, in_service_0};
  assign in_service_after = {in_service_3, in_service_2, in_service_1};

  // A cascade level that passes itself may have no request with an identity.
  assign acked = levels & requests_before;

  always_comb begin
    levels = '0;
    if (master_poll && master_found_1 && master_level_1 != 3'(pic_pkg::Cascade)) begin
      levels[16*pic_pkg::StepAccess + {29'd0, master_level_1}] = 1'b1;
    end
    if (slave_poll && slave_found_1) begin
      levels[16*pic_pkg::StepAccess + 8 + {29'd0, slave_level_1}] = 1'b1;
    end
    if (master_inta) levels[16*pic_pkg::StepInta + {29'd0, master_level_2}] = 1'b1;
    if (slave_inta) levels[16*pic_pkg::StepInta + 8 + {29'd0, slave_level_2}] = 1'b1;
  end

  always_comb begin
    warnings = access_warnings;
    warnings[pic_pkg::WarnNoSlave] = no_slave;
  end

  always_ff @(posedge clk_i) begin
    acc_rdata_o <= rdata;
    vector_o <= vector;
    icw1_o <= icw1;
    dipped_o <= polled || dipped;
    warnings_o <= warnings;
    acked_o <= acked;
    born_o <= requests_after & ~(requests_before & ~acked);
    withdrawn_o <= requests_before & ~(requests_after | acked);
    ended_o <= (in_service_before | acked) & ~in_service_after;
  end

  logic [32*pic_pkg::ChipWords-1:0] master_words;
  logic [32*pic_pkg::ChipWords-1:0] slave_words;

  pic_view u_master_view (.state_i(master_q), .words_o(master_words));
  pic_view u_slave_view (.state_i(slave_q), .words_o(slave_words));
  assign state_o = {16'd0, 7'd0, imcr_q, imcr_select_q, slave_words, master_words};
endmodule
