// One pin of the I/O APIC with its redirection table entry.  The order within a cycle is that of
// ioapic.sv: answer, EOI, register access, pin, reset, message.
module ioapic_entry (
  input  logic        clk_i,
  input  logic        rst_ni,            // synchronous: power-up
  input  logic        version_20_i,      // eight bits of physical destination

  input  logic        answer_i,          // to this pin's level message
  input  logic        answer_taken_i,
  input  logic        eoi_i,             // broadcast
  input  logic [7:0]  eoi_vector_i,

  input  logic        write_eoi_i,       // EOI register
  input  logic        write_low_i,
  input  logic        write_high_i,
  input  logic [31:0] wdata_i,           // stored bits only
  output logic [63:0] rdata_o,           // the entry as an access of this cycle reads it

  input  logic        pin_i,
  input  logic        reset_i,

  // the message that waits after all this, if it does
  output logic        waiting_o,
  output logic        resend_o,
  output logic [31:0] addr_o,
  output logic [31:0] data_o,
  input  logic        take_i,            // it sets out

  output logic [2:0]  answer_fate_o,     // ioapic_pkg::fate_e, as the next three
  output logic [2:0]  eoi_fate_o,
  output logic [2:0]  access_fate_o,
  output logic [2:0]  pin_fate_o,
  output logic        withdrawn_o,
  output logic [3:0]  warning_o,         // ioapic_pkg::warning_e

  // state after the last edge
  output logic [63:0] rte_o,
  output logic        waits_o,
  output logic        asked_o,
  output logic        again_o,
  output logic        told_o
);
  ioapic_pkg::entry_t entry_q;
  ioapic_pkg::entry_t entry_d;
  ioapic_pkg::entry_t settled;  // after everything but the choice of the next message

  // ---- answer ----------------------------------------------------------------------------------

  ioapic_pkg::entry_t answering;
  ioapic_pkg::entry_t answered;
  logic               answers;

  assign answers = answer_i && entry_q.asked;

  always_comb begin
    answering = entry_q;
    if (answers) begin
      answering.asked = 1'b0;
      answering.again = 1'b0;
      if (answer_taken_i) answering.remote_irr = 1'b1;
    end
  end

  ioapic_request u_answer (
    .entry_i  (answering),
    .sample_i (answers && !answer_taken_i && entry_q.again),
    .edge_i   (1'b0),
    .resend_i (1'b0),
    .entry_o  (answered),
    .fate_o   (answer_fate_o)
  );

  // ---- EOI broadcast ---------------------------------------------------------------------------

  ioapic_pkg::entry_t ending;
  ioapic_pkg::entry_t ended;
  logic               ends;

  assign ends = eoi_i && answered.remote_irr && answered.vec == eoi_vector_i;

  always_comb begin
    ending = answered;
    if (ends) ending.remote_irr = 1'b0;
  end

  ioapic_request u_eoi (
    .entry_i  (ending),
    .sample_i (ends),
    .edge_i   (1'b0),
    .resend_i (1'b1),
    .entry_o  (ended),
    .fate_o   (eoi_fate_o)
  );

  assign rdata_o = {ended.dest, ended.extended, 31'd0, ended.masked, ended.level, ended.remote_irr,
                    ended.active_low, 1'b0, ended.logical, ended.mode, ended.vec};

  // ---- register access -------------------------------------------------------------------------

  ioapic_pkg::entry_t writing;
  ioapic_pkg::entry_t written;
  logic               write_ends;
  logic               was_active;
  logic               activated;

  assign write_ends = write_eoi_i && ended.remote_irr && ended.vec == wdata_i[7:0];
  assign was_active = ended.high != ended.active_low;
  assign activated = !was_active && writing.high != writing.active_low;

  always_comb begin
    writing = ended;
    withdrawn_o = 1'b0;
    if (write_ends) writing.remote_irr = 1'b0;
    if (write_high_i) begin
      writing.dest = wdata_i[31:24];
      writing.extended = wdata_i[23:16];
    end
    if (write_low_i) begin
      writing.masked = wdata_i[16];
      writing.level = wdata_i[15];
      writing.active_low = wdata_i[13];
      writing.logical = wdata_i[11];
      writing.mode = wdata_i[10:8];
      writing.vec = wdata_i[7:0];
      if (!writing.level) begin
        writing.remote_irr = 1'b0;
        writing.asked = 1'b0;
        writing.again = 1'b0;
        writing.told = 1'b0;
      end
      if (writing.high == writing.active_low) writing.told = 1'b0;
      if (ioapic_pkg::mode_reserved(writing.mode) && ended.waiting) begin
        writing.waiting = 1'b0;
        withdrawn_o = 1'b1;
      end
    end
  end

  // delivery status and remote IRR are not software's
  logic unused_wdata;
  assign unused_wdata = ^{wdata_i[14], wdata_i[12]};

  // unmasking sends no edge, whatever else is written
  ioapic_request u_access (
    .entry_i  (writing),
    .sample_i (write_ends || write_low_i || write_high_i),
    .edge_i   (write_low_i && activated && !writing.level && !ended.masked && !writing.masked),
    .resend_i (write_ends),
    .entry_o  (written),
    .fate_o   (access_fate_o)
  );

  always_comb begin
    warning_o = ioapic_pkg::WarningNone;
    if (write_low_i && writing.remote_irr && writing.vec != ended.vec) begin
      warning_o = ioapic_pkg::WarningVectorChanged;
    end else if (write_low_i && !writing.masked) begin
      if (ioapic_pkg::mode_reserved(writing.mode)) begin
        warning_o = ioapic_pkg::WarningReservedMode;
      end else if (!ioapic_pkg::mode_has_vector(writing.mode)) begin
        if (writing.level) warning_o = ioapic_pkg::WarningLevelMode;
      end else if (writing.vec[7:4] == 4'd0) begin
        warning_o = ioapic_pkg::WarningIllegalVector;
      end
    end
  end

  // ---- pin -------------------------------------------------------------------------------------

  ioapic_pkg::entry_t sensing;
  ioapic_pkg::entry_t sensed;
  logic [2:0]         request_fate;
  logic               rises;

  assign rises = pin_i != written.high && pin_i != written.active_low && !written.masked;

  always_comb begin
    sensing = written;
    sensing.high = pin_i;
    if (pin_i == written.active_low) sensing.told = 1'b0;
  end

  ioapic_request u_pin (
    .entry_i  (sensing),
    .sample_i (rises),
    .edge_i   (rises && !written.level),
    .resend_i (1'b0),
    .entry_o  (sensed),
    .fate_o   (request_fate)
  );

  always_comb begin
    pin_fate_o = request_fate;
    if (rises && written.level) begin
      if (written.waiting) pin_fate_o = ioapic_pkg::FateMergedWaiting;
      else if (written.asked || written.remote_irr) pin_fate_o = ioapic_pkg::FateMergedService;
    end
  end

  // ---- reset, message --------------------------------------------------------------------------

  always_comb begin
    settled = sensed;
    if (reset_i || !rst_ni) begin
      settled = '0;
      settled.masked = 1'b1;
      settled.high = pin_i;
    end
  end

  logic level;  // an answer is expected

  assign waiting_o = settled.waiting;
  assign resend_o = settled.resend;
  assign level = settled.level && ioapic_pkg::mode_has_vector(settled.mode);

  // Destination as local APICs of today read it: FFh is the broadcast.
  logic [7:0] dest;
  always_comb begin
    dest = settled.dest;
    if (!settled.logical && !version_20_i) begin
      dest = settled.dest[3:0] == 4'hf ? 8'hff : {4'd0, settled.dest[3:0]};
    end
  end

  assign addr_o = {12'hfee, dest, settled.extended, settled.mode == ioapic_pkg::ModeLowest,
                   settled.logical, 2'b00};
  assign data_o = {16'd0, level, 1'b1, 3'd0, settled.mode, settled.vec};

  always_comb begin
    entry_d = settled;
    if (take_i) begin
      entry_d.waiting = 1'b0;
      if (level) entry_d.asked = 1'b1;
    end
  end

  always_ff @(posedge clk_i) entry_q <= entry_d;

  assign rte_o = {entry_q.dest, entry_q.extended, 31'd0, entry_q.masked, entry_q.level,
                  entry_q.remote_irr, entry_q.active_low, 1'b0, entry_q.logical,
                  entry_q.mode, entry_q.vec};
  assign waits_o = entry_q.waiting;
  assign asked_o = entry_q.asked;
  assign again_o = entry_q.again;
  assign told_o = entry_q.told;
endmodule
