// One register access: page, MSR or CR8.  Purely combinational.
//
// What the access sets off comes out as requests: error bits to record, LINT0 to accept again,
// a message to send.
module lapic_access (
  input  lapic_pkg::straps_t  straps_i,
  input  lapic_pkg::state_t   state_i,

  input  logic                valid_i,
  input  logic [2:0]          kind_i,    // lapic_pkg::access_e
  input  logic [31:0]         address_i, // offset in the page, or number of the MSR
  input  logic [3:0]          bytes_i,   // of a load or store
  input  logic [63:0]         wdata_i,

  output lapic_pkg::state_t   state_o,
  output logic [63:0]         rdata_o,
  output logic                fault_o,   // #GP(0); nothing was changed
  output logic                cleared_o, // IRR and ISR were emptied
  output logic [7:0]          raise_o,
  output logic                lint0_o,   // accept LVT LINT0, level
  output logic                eoi_o,
  output logic [7:0]          eoi_vector_o,
  output logic                send_o,
  output lapic_pkg::message_t message_o
);
  lapic_pkg::state_t   stored;  // the register has its value
  lapic_pkg::state_t   s;       // and what follows from it
  lapic_pkg::state_t   disabled;
  logic [64*32-1:0]    regs;

  logic        xapic;
  logic        x2apic;
  logic        is_load;
  logic        is_store;
  logic        is_rdmsr;
  logic        is_wrmsr;
  logic [11:0] offset;
  logic [31:0] old_value;
  logic [31:0] missing;
  logic [31:0] new_value;
  logic        exists;
  logic [1:0]  right;         // of the register in the APIC's mode: bit 0 read, bit 1 write
  logic [31:0] own_id;

  assign xapic = state_i.base_en && !state_i.base_extd;
  assign x2apic = state_i.base_en && state_i.base_extd;
  assign is_load = valid_i && kind_i == lapic_pkg::AccessLoad;
  assign is_store = valid_i && kind_i == lapic_pkg::AccessStore;
  assign is_rdmsr = valid_i && kind_i == lapic_pkg::AccessRdmsr;
  assign is_wrmsr = valid_i && kind_i == lapic_pkg::AccessWrmsr;
  assign own_id = x2apic ? straps_i.id : {24'd0, state_i.id[31:24]};

  lapic_view u_view (.straps_i, .state_i, .regs_o(regs));
  lapic_reset u_disabled (.straps_i, .state_i, .state_o(disabled));

  // ---- which register, and what the part allows -----------------------------------------------

  logic is_register_msr;
  assign is_register_msr = x2apic && address_i[31:8] == 24'h000008;
  assign offset = is_load || is_store ? {address_i[11:4], 4'd0} : {address_i[7:0], 4'd0};

  always_comb begin
    missing = 32'd0;
    unique case ({20'd0, offset})
      lapic_regs_pkg::ID_OFFSET:
        if (!straps_i.id_writable) missing = lapic_regs_pkg::ID_ID_WRITABLE_BITS;
      lapic_regs_pkg::SVR_OFFSET:
        if (!straps_i.eoi_suppression) missing = lapic_regs_pkg::SVR_EOI_SUPPRESSION_BITS;
      lapic_regs_pkg::LVT_CMCI_OFFSET:
        if (!straps_i.cmci) missing = lapic_regs_pkg::LVT_CMCI_CMCI_BITS;
      lapic_regs_pkg::LVT_TIMER_OFFSET:
        if (!straps_i.tsc_deadline) missing = lapic_regs_pkg::LVT_TIMER_TSC_DEADLINE_BITS;
      default: ;
    endcase
    exists = missing != 32'hffff_ffff;
  end

  logic [1:0] access_code;
  assign access_code = 2'(x2apic ? lapic_regs_pkg::x2apic_at(offset)
                                 : lapic_regs_pkg::xapic_at(offset));
  always_comb begin
    right = 2'b00;
    if (exists) begin
      unique case (access_code)
        2'd1: right = 2'b01;
        2'd2: right = 2'b11;
        2'd3: right = 2'b10;
        default: ;
      endcase
    end
  end

  assign old_value = offset[11:10] == 2'd0 ? regs[{offset[9:4], 5'd0} +: 32] : 32'd0;
  assign new_value = (old_value & ~(lapic_regs_pkg::writable_at(offset) & ~missing))
                   | (wdata_i[31:0] & lapic_regs_pkg::writable_at(offset) & ~missing);

  // ---- legality --------------------------------------------------------------------------------

  // An access in a slot is defined only inside the register's four bytes.
  logic in_register;
  logic illegal_address;
  logic store_legal;
  logic wrmsr_legal;
  logic base_legal;
  logic write;

  assign in_register = {2'd0, address_i[3:0]} + {2'd0, bytes_i} <= 6'd4;
  assign store_legal = xapic && address_i[3:0] == 4'd0 && bytes_i == 4'd4;
  assign illegal_address = right == 2'b00 && ((is_load && xapic && in_register)
                                              || (is_store && store_legal));
  assign wrmsr_legal = is_register_msr && right[1]
      && (wdata_i[63:32] == 32'd0 || {20'd0, offset} == lapic_regs_pkg::ICR_LOW_OFFSET)
      && (wdata_i[31:0] & (lapic_regs_pkg::reserved_at(offset) | missing)) == 32'd0;
  assign write = (is_store && store_legal && right[1]) || (is_wrmsr && wrmsr_legal);

  logic        new_en;
  logic        new_extd;
  logic [63:0] base_reserved;
  assign new_en = wdata_i[11];
  assign new_extd = wdata_i[10];
  assign base_reserved = (~64'd0 << straps_i.maxphyaddr) | 64'h2ff;
  assign base_legal = (wdata_i & base_reserved) == 64'd0
      && !(new_extd && (!new_en || !straps_i.x2apic))
      && !(!state_i.base_en && new_extd)
      && !(x2apic && new_en && !new_extd);

  logic write_base;
  logic write_deadline;
  assign write_base = is_wrmsr && address_i == lapic_pkg::MsrApicBase && base_legal;
  assign write_deadline = is_wrmsr && address_i == lapic_pkg::MsrTscDeadline
                          && straps_i.tsc_deadline;

  // ---- what is read ----------------------------------------------------------------------------

  logic [63:0] size_mask;
  assign size_mask = ~(~64'd0 << {bytes_i, 3'd0});  // 8 bytes: shifted out, all ones

  always_comb begin
    rdata_o = 64'd0;
    if (is_load && !xapic) begin
      rdata_o = size_mask;
    end else if (is_load && in_register && right != 2'b00) begin
      rdata_o = {32'd0, old_value >> {address_i[1:0], 3'd0}} & size_mask;
    end else if (is_rdmsr && address_i == lapic_pkg::MsrApicBase) begin
      rdata_o = {12'd0, state_i.base_page, state_i.base_en, state_i.base_extd, 1'b0,
                 state_i.base_bsp, 8'd0};
    end else if (is_rdmsr && address_i == lapic_pkg::MsrTscDeadline) begin
      rdata_o = state_i.tsc_deadline;
    end else if (is_rdmsr && is_register_msr && right[0]) begin
      rdata_o = {32'd0, old_value};
      if ({20'd0, offset} == lapic_regs_pkg::ICR_LOW_OFFSET) rdata_o[63:32] = state_i.icr_high;
    end
  end

  always_comb begin
    fault_o = 1'b0;
    if (is_rdmsr) begin
      unique case (address_i)
        lapic_pkg::MsrApicBase: ;
        lapic_pkg::MsrTscDeadline: fault_o = !straps_i.tsc_deadline;
        default: fault_o = !(is_register_msr && right[0]);
      endcase
    end else if (is_wrmsr) begin
      fault_o = !write && !write_base && !write_deadline;
    end else if (valid_i && kind_i == lapic_pkg::AccessSetCr8) begin
      fault_o = wdata_i[63:4] != 60'd0;
    end
  end

  // ---- what is written -------------------------------------------------------------------------

  logic        write_icr;
  logic        write_self_ipi;
  logic        command_sends;
  logic        command_illegal;
  logic [31:0] command;
  lapic_pkg::message_t command_message;

  assign write_icr = write && {20'd0, offset} == lapic_regs_pkg::ICR_LOW_OFFSET;
  assign write_self_ipi = write && {20'd0, offset} == lapic_regs_pkg::SELF_IPI_OFFSET;
  assign command = write_icr ? new_value : {12'd0, 2'd1, 10'd0, wdata_i[7:0]};

  lapic_command u_command (
    .valid_i(write_icr || write_self_ipi), .command_i(command),
    .dest_i(write_icr && x2apic ? wdata_i[63:32] : state_i.icr_high),
    .sender_i(own_id), .xapic_i(xapic),
    .send_o(command_sends), .message_o(command_message), .illegal_o(command_illegal)
  );

  logic [31:0] tmict;
  logic [31:0] dcr;
  logic        counting;
  logic [38:0] clocks_left;
  logic [63:0] tsc_deadline;

  lapic_timer u_timer (
    .write_lvt_i(write && {20'd0, offset} == lapic_regs_pkg::LVT_TIMER_OFFSET),
    .write_tmict_i(write && {20'd0, offset} == lapic_regs_pkg::TMICT_OFFSET),
    .write_dcr_i(write && {20'd0, offset} == lapic_regs_pkg::DCR_OFFSET),
    .write_deadline_i(write_deadline),
    .value_i(write_deadline ? wdata_i : {32'd0, new_value}), .mode_i(state_i.lvt_timer[18:17]),
    .tmict_i(state_i.tmict), .dcr_i(state_i.dcr), .counting_i(state_i.counting),
    .clocks_left_i(state_i.clocks_left), .tsc_deadline_i(state_i.tsc_deadline),
    .tmict_o(tmict), .dcr_o(dcr), .counting_o(counting), .clocks_left_o(clocks_left),
    .tsc_deadline_o(tsc_deadline)
  );

  assign raise_o = command_illegal ? lapic_pkg::EsrSendIllegal
                 : illegal_address ? lapic_pkg::EsrIllegalAddress : 8'd0;

  logic write_cr8;
  logic write_lint0;
  assign write_cr8 = valid_i && kind_i == lapic_pkg::AccessSetCr8 && !fault_o;
  assign write_lint0 = write && {20'd0, offset} == lapic_regs_pkg::LVT_LINT0_OFFSET;

  always_comb begin
    stored = state_i;
    stored.tmict = tmict;
    stored.dcr = dcr;
    stored.counting = counting;
    stored.clocks_left = clocks_left;
    stored.tsc_deadline = tsc_deadline;
    if (write) begin
      unique case ({20'd0, offset})
        lapic_regs_pkg::ID_OFFSET: stored.id = new_value;
        lapic_regs_pkg::TPR_OFFSET: stored.tpr = new_value;
        lapic_regs_pkg::LDR_OFFSET: stored.ldr = new_value;
        lapic_regs_pkg::DFR_OFFSET: stored.dfr = new_value;
        lapic_regs_pkg::SVR_OFFSET: stored.svr = new_value;
        lapic_regs_pkg::ESR_OFFSET: begin
          stored.esr = state_i.errors;
          stored.errors = 8'd0;
          stored.error_armed = 1'b1;
        end
        lapic_regs_pkg::LVT_CMCI_OFFSET: stored.lvt_cmci = new_value;
        lapic_regs_pkg::ICR_LOW_OFFSET: begin
          stored.icr_low = new_value;
          if (x2apic) stored.icr_high = wdata_i[63:32];
        end
        lapic_regs_pkg::ICR_HIGH_OFFSET: stored.icr_high = new_value;
        lapic_regs_pkg::LVT_TIMER_OFFSET: stored.lvt_timer = new_value;
        lapic_regs_pkg::LVT_THERMAL_OFFSET: stored.lvt_thermal = new_value;
        lapic_regs_pkg::LVT_PERFMON_OFFSET: stored.lvt_perfmon = new_value;
        lapic_regs_pkg::LVT_LINT0_OFFSET: stored.lvt_lint0 = new_value;
        lapic_regs_pkg::LVT_LINT1_OFFSET: stored.lvt_lint1 = new_value;
        lapic_regs_pkg::LVT_ERROR_OFFSET: stored.lvt_error = new_value;
        default: ;
      endcase
    end
    if (write_cr8) stored.tpr = {24'd0, wdata_i[3:0], 4'd0};
  end

  // ---- EOI -------------------------------------------------------------------------------------

  logic ends_lint0;
  assign eoi_vector_o = lapic_pkg::top_vector(state_i.isr);
  assign eoi_o = write && {20'd0, offset} == lapic_regs_pkg::EOI_OFFSET && eoi_vector_o != 8'd0;
  assign ends_lint0 = eoi_o && state_i.lvt_lint0[lapic_pkg::LvtRemoteIrr]
                      && state_i.lint0_vector == eoi_vector_o;

  always_comb begin
    send_o = command_sends;
    message_o = command_message;
    if (eoi_o && state_i.tmr[eoi_vector_o] && !state_i.svr[lapic_pkg::SvrSuppressEoi]) begin
      send_o = 1'b1;
      message_o = '0;
      message_o.eoi = 1'b1;
      message_o.irq_vector = eoi_vector_o;
    end
  end

  // ---- what else the write changes -------------------------------------------------------------

  assign cleared_o = write_base && state_i.base_en && !new_en;

  always_comb begin
    s = stored;
    if (eoi_o) s.isr[eoi_vector_o] = 1'b0;
    if (ends_lint0) s.lvt_lint0[lapic_pkg::LvtRemoteIrr] = 1'b0;

    if (!s.svr[lapic_pkg::SvrEnable]) begin
      s.lvt_cmci[lapic_pkg::LvtMasked] = 1'b1;
      s.lvt_timer[lapic_pkg::LvtMasked] = 1'b1;
      s.lvt_thermal[lapic_pkg::LvtMasked] = 1'b1;
      s.lvt_perfmon[lapic_pkg::LvtMasked] = 1'b1;
      s.lvt_lint0[lapic_pkg::LvtMasked] = 1'b1;
      s.lvt_lint1[lapic_pkg::LvtMasked] = 1'b1;
      s.lvt_error[lapic_pkg::LvtMasked] = 1'b1;
    end

    if (cleared_o) begin
      s = disabled;
      s.tpr = state_i.tpr;  // one storage cell with CR8, which goes on
    end
    if (write_base) begin
      if (xapic && new_extd) s.icr_high = 32'd0;
      s.base_page = wdata_i[51:12];
      s.base_en = new_en;
      s.base_extd = new_extd;
      s.base_bsp = wdata_i[8];
    end
  end

  // An open level entry of LINT0 whose pin is active is accepted when it is written, and when the
  // interrupt before it ends.
  logic lint0_level;
  assign lint0_level = s.lvt_lint0[lapic_pkg::LvtLevel]
                       && s.lvt_lint0[10:8] == lapic_pkg::ModeFixed;
  assign lint0_o = (write_lint0 || ends_lint0) && lint0_level
      && !s.lvt_lint0[lapic_pkg::LvtMasked] && !s.lvt_lint0[lapic_pkg::LvtRemoteIrr]
      && s.lint[0] != s.lvt_lint0[lapic_pkg::LvtActiveLow];

  always_comb begin
    state_o = s;
    if ((write_lint0 || ends_lint0) && !lint0_level) begin
      state_o.lvt_lint0[lapic_pkg::LvtRemoteIrr] = 1'b0;
    end
  end
endmodule
