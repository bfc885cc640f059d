// The I/O APIC: RTL twin of models/ioapic/ioapic.c with its node.
//
// The contract of a cycle.  What is presented before a rising edge of clk_i happens at that edge,
// and every output shows it from the edge on (answers to reads, a message for one cycle).  Within
// one cycle the order is:
//   1. the message on its way leaves, if its delay ends at this tick
//   2. answer: a local APIC took, or none will take, the level message of a pin
//   3. EOI broadcast
//   4. register access, which sees what the EOI did
//   5. the pins
//   6. reset
//   7. at a tick, if no message is on its way: that of the lowest waiting pin sets out (choose_i)
// A message is on its way for a number of ticks of the APIC clock (apic_tick_i): eoi_to_message_i
// if an EOI set it off, else pin_to_message_i; 0 counts as 1.
//
// In silicon clk_i is the APIC clock: apic_tick_i = 1, step_i = 1, choose_i = 1, and the delays are
// constants.  A simulation clocks the twin whenever something happens: apic_tick_i says whether the
// instant is an edge of that clock, step_i = 0 that it is still the instant of the cycle before,
// choose_i = 1 that it is the last cycle of its instant.  A profile sets the delays.
module ioapic #(
  parameter int unsigned Pins = 24
) (
  input  logic        clk_i,
  input  logic        rst_ni,           // synchronous: power-up

  // straps
  input  logic [15:0] version_i,        // VERSION bits 15:0
  input  logic [15:0] pin_to_message_i,
  input  logic [15:0] eoi_to_message_i,

  // time
  input  logic        step_i,
  input  logic        apic_tick_i,
  input  logic        choose_i,

  input  logic        answer_valid_i,
  input  logic [7:0]  answer_pin_i,
  input  logic        answer_taken_i,

  input  logic        eoi_valid_i,
  input  logic [7:0]  eoi_vector_i,

  // register access
  input  logic        acc_valid_i,
  input  logic        acc_write_i,
  input  logic [11:0] acc_offset_i,
  input  logic [3:0]  acc_bytes_i,      // 1, 2, 4 or 8
  input  logic [63:0] acc_wdata_i,
  output logic [63:0] acc_rdata_o,
  output logic [3:0]  acc_warning_o,    // ioapic_pkg::warning_e

  input  logic [Pins-1:0] pins_i,       // electrical levels
  input  logic        reset_i,          // platform reset

  // to the bus: a memory write of four bytes
  output logic        msg_valid_o,
  output logic [7:0]  msg_pin_o,
  output logic [31:0] msg_addr_o,
  output logic [31:0] msg_data_o,

  // what became of each activation (ioapic_pkg::fate_e), for those who keep a ledger
  output logic [3*Pins-1:0] answer_fate_o,
  output logic [3*Pins-1:0] eoi_fate_o,
  output logic [3*Pins-1:0] access_fate_o,
  output logic [3*Pins-1:0] pin_fate_o,
  output logic [Pins-1:0]   withdrawn_o,

  // debug: the registers, reading disturbs nothing
  output logic [7:0]  select_o,
  output logic [31:0] id_o,
  output logic [64*Pins-1:0] rte_o,
  output logic [Pins-1:0] waiting_o,
  output logic [Pins-1:0] asked_o,
  output logic [Pins-1:0] again_o,
  output logic [Pins-1:0] told_o,
  output logic        sending_o,        // a message is on its way: which, and whether an EOI set
  output logic [7:0]  sending_pin_o,    // it off
  output logic        sending_resend_o,
  output logic [31:0] sending_addr_o,
  output logic [31:0] sending_data_o
);
  logic [7:0]         select_q;
  logic [31:0]        id_q;

  // ---- steps 2 to 6: registers and entries -----------------------------------------------------

  logic [64*Pins-1:0] rte_read;
  logic [63:0]        rdata;
  logic               write_select;
  logic               write_id;
  logic               write_eoi;
  logic [Pins-1:0]    write_low;
  logic [Pins-1:0]    write_high;
  logic [31:0]        stored;
  logic [3:0]         access_warning;
  logic [4*Pins-1:0]  entry_warnings;
  logic [3:0]         warning;

  ioapic_access #(.Pins(Pins)) u_access (
    .version_i,
    .select_i       (select_q),
    .id_i           (id_q),
    .rte_i          (rte_read),
    .valid_i        (acc_valid_i),
    .write_i        (acc_write_i),
    .offset_i       (acc_offset_i),
    .bytes_i        (acc_bytes_i),
    .wdata_i        (acc_wdata_i),
    .rdata_o        (rdata),
    .write_select_o (write_select),
    .write_id_o     (write_id),
    .write_eoi_o    (write_eoi),
    .write_low_o    (write_low),
    .write_high_o   (write_high),
    .stored_o       (stored),
    .warning_o      (access_warning)
  );

  logic [Pins-1:0]    waiting;
  logic [Pins-1:0]    resend;
  logic [32*Pins-1:0] addr;
  logic [32*Pins-1:0] data;
  logic [Pins-1:0]    take;

  logic [3*Pins-1:0]  answer_fate;
  logic [3*Pins-1:0]  eoi_fate;
  logic [3*Pins-1:0]  access_fate;
  logic [3*Pins-1:0]  pin_fate;
  logic [Pins-1:0]    withdrawn;

  for (genvar i = 0; i < Pins; i++) begin : gen_entries
    ioapic_entry u_entry (
      .clk_i,
      .rst_ni,
      .version_20_i   ({24'd0, version_i[7:0]} >= ioapic_regs_pkg::EOI_SINCE),
      .answer_i       (answer_valid_i && answer_pin_i == 8'(i)),
      .answer_taken_i,
      .eoi_i          (eoi_valid_i),
      .eoi_vector_i,
      .write_eoi_i    (write_eoi),
      .write_low_i    (write_low[i]),
      .write_high_i   (write_high[i]),
      .wdata_i        (stored),
      .rdata_o        (rte_read[64*i +: 64]),
      .pin_i          (pins_i[i]),
      .reset_i,
      .waiting_o      (waiting[i]),
      .resend_o       (resend[i]),
      .addr_o         (addr[32*i +: 32]),
      .data_o         (data[32*i +: 32]),
      .take_i         (take[i]),
      .answer_fate_o  (answer_fate[3*i +: 3]),
      .eoi_fate_o     (eoi_fate[3*i +: 3]),
      .access_fate_o  (access_fate[3*i +: 3]),
      .pin_fate_o     (pin_fate[3*i +: 3]),
      .withdrawn_o    (withdrawn[i]),
      .warning_o      (entry_warnings[4*i +: 4]),
      .rte_o          (rte_o[64*i +: 64]),
      .waits_o        (waiting_o[i]),
      .asked_o        (asked_o[i]),
      .again_o        (again_o[i]),
      .told_o         (told_o[i])
    );
  end

  always_comb begin
    warning = access_warning;
    for (int unsigned i = 0; i < Pins; i++) warning = warning | entry_warnings[4*i +: 4];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || reset_i) begin
      select_q <= 8'd0;
      id_q <= ioapic_regs_pkg::ID_RESET;
    end else begin
      if (write_select) select_q <= stored[7:0];
      if (write_id) id_q <= stored;
    end
  end

  assign select_o = select_q;
  assign id_o = id_q;

  // ---- steps 1 and 7: the message --------------------------------------------------------------

  logic        sending_q;
  logic [15:0] left_q;      // ticks until it leaves
  logic [7:0]  pin_q;
  logic        resend_q;
  logic [31:0] addr_q;
  logic [31:0] data_q;

  logic        leaves;
  logic        chooses;
  logic [7:0]  chosen_pin;
  logic [31:0] chosen_addr;
  logic [31:0] chosen_data;
  logic        chosen_resend;
  logic [15:0] delay;

  assign leaves = step_i && apic_tick_i && sending_q && left_q == 16'd1;
  assign chooses = choose_i && apic_tick_i && (!sending_q || leaves) && |waiting;
  assign take = chooses ? waiting & (~waiting + Pins'(1)) : '0;  // the lowest

  always_comb begin
    chosen_pin = 8'd0;
    chosen_addr = 32'd0;
    chosen_data = 32'd0;
    for (int unsigned i = 0; i < Pins; i++) begin
      if (take[i]) begin
        chosen_pin = 8'(i);
        chosen_addr = addr[32*i +: 32];
        chosen_data = data[32*i +: 32];
      end
    end
    chosen_resend = |(take & resend);
    delay = chosen_resend ? eoi_to_message_i : pin_to_message_i;
    if (delay == 16'd0) delay = 16'd1;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) sending_q <= 1'b0;
    else if (chooses) sending_q <= 1'b1;
    else sending_q <= sending_q && !leaves && !reset_i;
  end

  // what nobody looks at while no message is on its way
  always_ff @(posedge clk_i) begin
    if (chooses) begin
      left_q <= delay;
      pin_q <= chosen_pin;
      resend_q <= chosen_resend;
      addr_q <= chosen_addr;
      data_q <= chosen_data;
    end else if (step_i && apic_tick_i) begin
      left_q <= left_q - 16'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    msg_valid_o <= rst_ni && leaves;
    msg_pin_o <= leaves ? pin_q : 8'd0;
    msg_addr_o <= leaves ? addr_q : 32'd0;
    msg_data_o <= leaves ? data_q : 32'd0;
  end

  assign sending_o = sending_q;
  assign sending_pin_o = sending_q ? pin_q : 8'd0;
  assign sending_resend_o = sending_q && resend_q;
  assign sending_addr_o = sending_q ? addr_q : 32'd0;
  assign sending_data_o = sending_q ? data_q : 32'd0;

  // ---- answers ---------------------------------------------------------------------------------

  // in reset nothing is presented but the pins
  always_ff @(posedge clk_i) begin
    acc_rdata_o <= rdata;
    acc_warning_o <= warning;
    answer_fate_o <= answer_fate;
    eoi_fate_o <= eoi_fate;
    access_fate_o <= access_fate;
    pin_fate_o <= rst_ni ? pin_fate : '0;
    withdrawn_o <= withdrawn;
  end
endmodule
