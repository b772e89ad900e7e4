package format

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

// Limits of one entry, whose details are held until its end shows what they add up to.
const (
	camtDetailsMax = 50_000   // above, the entry is one row
	camtTextMax    = 32 << 20 // bytes of text
	camtChargesMax = 1_000    // of the entry, or of one detail
)

// camtPart is what an entry and each of its details have in common.
type camtPart struct {
	entry
	amount, booked, instructed, counter camtMoney // Amt; TxAmt, InstdAmt and CntrValAmt of AmtDtls
	sign, status                        string
	reversal, returned                  bool
	charge                              camtMoney
	chargeSign                          string
	charges                             []camtCharge
	texts                               [camtTexts][]byte // that several elements make up
	structured, info                    string            // texts for a part without a free text
	code                                [4]string
	debtor, creditor                    camtParty
	cheque, order                       string // references for a part without an end-to-end id
	long                                bool   // one of them is too long
}

// Texts of a part that several elements make up.
const (
	camtFree = iota
	camtStructured
	camtInfo
	camtCreditorReference
	camtCharged
	camtTexts
)

type camtParty struct{ name, account string }

type camtCharge struct {
	camtMoney
	sign string
}

// camtEntry is an entry with its details.
type camtEntry struct {
	camtPart
	detail  camtPart // at hand
	details []*camtPart
	count   int    // of details
	batch   int    // what batches state as their number of payments
	text    int    // bytes that are held
	differs string // what the details make, where that is not the entry's amount
	advised bool   // a statement has the entry, too
}

// advisedDiffer begins the note of an advised entry whose details add up to another amount. Whether it counts is no
// question: the statement has it.
const advisedDiffer = "its parts make "

// keep takes a value, or the end of a group of values, of the entry or of its detail at hand.
func (e *camtEntry) keep(p *camtPart, path []byte, m camtMoney) error {
	if e.text += len(m.text); e.text > camtTextMax {
		return recon.TooLarge(recon.CodeFieldTooLong, "has an entry of more than %d MB of text on line %d",
			camtTextMax>>20, e.line)
	}
	switch string(path) {
	case "NtryDtls/TxDtls":
		e.detail.fold()
		if e.count++; e.count <= camtDetailsMax {
			detail := e.detail
			e.details = append(e.details, &detail)
		} else {
			e.details = nil
		}
	case "NtryDtls/Btch/NbOfTxs":
		if n, err := strconv.Atoi(m.text); err == nil && n > 0 {
			e.batch += n
		}
	case "NtryDtls/Btch/PmtInfId":
		p.order = cmp.Or(m.text, p.order)
	case "NtryDtls/Btch/MsgId":
		p.order = cmp.Or(p.order, m.text)
	default:
		if p.keep(path, m); p.long {
			return recon.TooLarge(recon.CodeFieldTooLong, "has an entry with a text of more than %d MB or more than "+
				"%d charges on line %d", FieldBytesMax>>20, camtChargesMax, p.line)
		}
	}
	return nil
}

func (p *camtPart) keep(path []byte, m camtMoney) {
	f, text := &p.fields, m.text
	switch string(path) {
	case "Amt":
		p.amount = m
	case "CdtDbtInd":
		p.sign = text
	case "RvslInd":
		p.reversal = text == "true" || text == "1"
	case "Sts", "Sts/Cd", "Sts/Prtry":
		p.status = cmp.Or(text, p.status)
	case "BookgDt/Dt", "BookgDt/DtTm":
		f[entryDate] = text[:min(len(text), len("YYYY-MM-DD"))]
	case "ValDt/Dt", "ValDt/DtTm":
		f[entryValueDate] = text[:min(len(text), len("YYYY-MM-DD"))]
	case "AmtDtls/TxAmt/Amt":
		p.booked = m
	case "AmtDtls/InstdAmt/Amt":
		p.instructed = m
	case "AmtDtls/CntrValAmt/Amt":
		p.counter = m
	case "AmtDtls/InstdAmt/CcyXchg/XchgRate", "AmtDtls/TxAmt/CcyXchg/XchgRate",
		"AmtDtls/CntrValAmt/CcyXchg/XchgRate":
		f[entryExchangeRate] = text
	case "BkTxCd/Domn/Cd":
		p.code[0] = text
	case "BkTxCd/Domn/Fmly/Cd":
		p.code[1] = "/" + text
	case "BkTxCd/Domn/Fmly/SubFmlyCd":
		p.code[2] = "/" + text
	case "BkTxCd/Prtry/Cd":
		p.code[3] = text
	default:
		p.keepCharge(path, m)
		p.keepReference(path, text)
		p.keepParty(path, text)
	}
}

// keepCharge takes charges, which version 2 has as several Chrgs and later ones as records of one.
func (p *camtPart) keepCharge(path []byte, m camtMoney) {
	switch string(path) {
	case "Chrgs/TtlChrgsAndTaxAmt", "Chrgs/Amt", "Chrgs/Rcrd/Amt":
		p.charge = m
	case "Chrgs/CdtDbtInd", "Chrgs/Rcrd/CdtDbtInd":
		p.chargeSign = m.text
	case "Chrgs/Rcrd", "Chrgs":
		if strings.Trim(p.charge.text, "0.") != "" {
			p.charges = append(p.charges, camtCharge{p.charge, cmp.Or(p.chargeSign, camtDebit)})
			p.add(camtCharged, p.charge.text+" "+p.charge.currency)
			p.long = p.long || len(p.charges) > camtChargesMax
		}
		p.charge, p.chargeSign = camtMoney{}, ""
	}
}

// add appends to a text that several elements make up.
func (p *camtPart) add(at int, text string) {
	if to := &p.texts[at]; text != "" {
		if len(*to) > 0 {
			*to = append(*to, ' ')
		}
		*to = append(*to, text...)
		p.long = p.long || len(*to) > FieldBytesMax
	}
}

// fold puts the texts that several elements make up in their places, once all are read.
func (p *camtPart) fold() {
	p.fields[entryDescription] = string(p.texts[camtFree])
	p.fields[entryCreditorReference] = string(p.texts[camtCreditorReference])
	p.fields[entryCharges] = string(p.texts[camtCharged])
	p.structured, p.info = string(p.texts[camtStructured]), string(p.texts[camtInfo])
	p.texts = [camtTexts][]byte{}
}

// note adds to what cannot be known of a row, as far as people read it.
func (p *camtPart) note(text string) {
	const shown = 1000
	if note := &p.fields[entryNote]; *note == "" {
		*note = text
	} else if len(*note) < shown {
		*note += "; " + text
	}
}

// ofBatch marks a row that is several payments.
func (p *camtPart) ofBatch(payments int) {
	if payments > 1 {
		p.note(fmt.Sprintf("batch: %d", payments))
		p.fields[entryReference] = cmp.Or(p.fields[entryReference], p.order)
	}
}

func (p *camtPart) keepReference(path []byte, text string) {
	f := &p.fields
	switch string(path) {
	case "AcctSvcrRef", "Refs/AcctSvcrRef":
		f[entryID] = unlessNone(text)
	case "Refs/EndToEndId":
		f[entryReference] = unlessNone(text)
	case "Refs/UETR":
		f[entryUETR] = text
	case "Refs/InstrId":
		f[entryInstruction] = unlessNone(text)
	case "Refs/TxId":
		f[entryTransaction] = unlessNone(text)
	case "Refs/MndtId":
		f[entryMandate] = unlessNone(text)
	case "Refs/ChqNb":
		p.cheque = unlessNone(text)
	case "RmtInf/Ustrd":
		p.add(camtFree, text)
	case "RmtInf/Strd/CdtrRefInf/Ref":
		p.add(camtCreditorReference, text)
	case "RmtInf/Strd/AddtlRmtInf", "RmtInf/Strd/RfrdDocInf/Nb":
		p.add(camtStructured, text)
	case "AddtlTxInf", "AddtlNtryInf":
		p.add(camtInfo, text)
	case "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry":
		p.note("returned: " + text)
	case "RtrInf":
		p.returned = true
	}
}

// keepParty takes the parties, whose names are a level deeper since version 8.
func (p *camtPart) keepParty(path []byte, text string) {
	switch string(path) {
	case "RltdPties/Dbtr/Nm", "RltdPties/Dbtr/Pty/Nm", "RltdPties/Dbtr/Agt/FinInstnId/Nm":
		p.debtor.name = text
	case "RltdPties/DbtrAcct/Id/IBAN", "RltdPties/DbtrAcct/Id/Othr/Id":
		p.debtor.account = text
	case "RltdPties/Cdtr/Nm", "RltdPties/Cdtr/Pty/Nm", "RltdPties/Cdtr/Agt/FinInstnId/Nm":
		p.creditor.name = text
	case "RltdPties/CdtrAcct/Id/IBAN", "RltdPties/CdtrAcct/Id/Othr/Id":
		p.creditor.account = text
	}
}

// judge returns the entry's money, or why it has none.
func (e *camtEntry) judge() (recon.Minor, error) {
	money, err := e.amount.minor(e.sign)
	e.setAmount(e.amount, e.sign)
	_, unread := recon.ParseMinor(e.amount.text, recon.CurrencyScale(e.amount.currency))
	switch {
	case err == nil && e.status != "" && e.status != "BOOK" && e.status != "PDNG" && e.status != "FUTR":
		err = e.wrong(entryStatus, e.status, recon.CodeInvalidValue,
			"an entry is BOOK, PDNG, FUTR or INFO; whether this one is money is not known")
	case err != nil && unread != nil && camtDigits.MatchString(e.amount.text):
		err = e.wrong(entryAmount, e.amount.text, recon.CodeOf(unread), err.Error())
	case err != nil:
		err = e.wrong(entryAmount, e.amount.text, recon.CodeAmountUnreadable, err.Error())
	}
	return money, err
}

func (p *camtPart) setAmount(m camtMoney, sign string) {
	p.fields[entryAmount] = m.text
	if sign == camtDebit {
		p.fields[entryAmount] = "-" + m.text
	}
}

// rows gives the entry as one row, or as one a detail where the details add up to it.
func (e *camtEntry) rows(money recon.Minor, wrong error) []camtRow {
	if wrong != nil {
		e.settle(&e.camtPart)
		return []camtRow{{&e.entry, wrong}}
	}
	if rows := e.split(money); rows != nil {
		return rows
	}
	whole := &e.camtPart
	n, made := max(e.count, e.batch), e.sum()
	if len(e.details) == 1 {
		whole = e.details[0]
		whole.sign, whole.order = e.sign, e.order
	}
	e.settle(whole)
	whole.ofBatch(n)
	if made.Set {
		e.differs = DetailsDiffer
		if e.advised {
			e.differs = advisedDiffer
		}
		e.differs += made.Amount.Decimal(recon.CurrencyScale(e.amount.currency))
		whole.note(e.differs)
	}
	return []camtRow{{entry: &whole.entry}}
}

// sum is what the details add up to, where each of them has an amount in the currency of the entry.
func (e *camtEntry) sum() (sum recon.NullMinor) {
	for _, p := range e.details {
		n, err := e.part(p).minor(cmp.Or(p.sign, e.sign))
		if err == nil {
			sum.Amount, err = sum.Amount.Add(n)
		}
		if err != nil {
			return recon.NullMinor{}
		}
		sum.Set = true
	}
	return sum
}

// part is the amount of a detail in the currency of the entry.
func (e *camtEntry) part(p *camtPart) camtMoney {
	for _, m := range []camtMoney{p.amount, p.booked, p.counter, p.instructed} {
		if m.text != "" && m.currency == e.amount.currency {
			return m
		}
	}
	return camtMoney{}
}

// split gives a row a detail if they add up to the entry, or would but for its charges, which get a row of their own.
// A single detail without charges is the entry itself.
func (e *camtEntry) split(money recon.Minor) []camtRow {
	sum := e.sum()
	rest := money - sum.Amount
	if !sum.Set || rest != 0 && !e.charged(rest) {
		return nil
	}
	rows := make([]camtRow, 0, len(e.details)+1)
	for _, p := range e.details {
		p.setAmount(e.part(p), cmp.Or(p.sign, e.sign))
		e.settle(p)
		if len(e.details) == 1 {
			p.order = e.order
			p.ofBatch(e.batch)
		}
		rows = append(rows, camtRow{entry: &p.entry})
	}
	if rest != 0 {
		own := &camtPart{entry: entry{line: e.line}}
		own.fields[entryAmount] = rest.Decimal(recon.CurrencyScale(e.amount.currency))
		e.settle(own)
		own.fields[entryKind] = kindCharges
		rows = append(rows, camtRow{entry: &own.entry})
	}
	if named := cmp.Or(e.fields[entryID], e.order); named != "" && len(rows) > 1 {
		for i := range rows {
			rows[i].fields[entryPartOf] = fmt.Sprintf("%d of %d of %s", i+1, len(rows), named)
		}
	}
	return rows
}

// charged reports whether charges make this difference: the entry's, its details', or both.
func (e *camtEntry) charged(rest recon.Minor) bool {
	own := e.chargesOf(&e.camtPart)
	details := recon.Minor(0)
	for _, p := range e.details {
		details += e.chargesOf(p)
	}
	return rest == own || rest == details || rest == own+details
}

func (e *camtEntry) chargesOf(p *camtPart) (sum recon.Minor) {
	for _, c := range p.charges {
		if n, err := c.minor(c.sign); err == nil && c.currency == e.amount.currency {
			sum += n
		}
	}
	return sum
}

// settle completes a row of the entry: what it does not state itself is the entry's.
func (e *camtEntry) settle(p *camtPart) {
	f := &p.fields
	if p.sign = cmp.Or(p.sign, e.sign); f[entryAmount] == "" {
		f[entryAmount] = e.fields[entryAmount]
	}
	for _, i := range []int{
		entryAccount, entryStatement, entryDate, entryValueDate, entryCurrency, entryStatus, entryID,
	} {
		f[i] = cmp.Or(f[i], e.fields[i])
	}
	f[entryBatch], f[entryCode] = e.order, cmp.Or(p.codeText(), e.codeText())
	f[entryDescription] = cmp.Or(strings.TrimSpace(f[entryDescription]+" "+p.structured), p.info, e.info)
	f[entryReference] = cmp.Or(f[entryReference], f[entryCreditorReference], p.cheque, f[entryInstruction])
	switch {
	case p.returned || camtReturns[p.code[2]] || camtReturns[e.code[2]]:
		f[entryKind] = kindReturn
	case e.reversal:
		f[entryKind] = kindReversal
	}
	if f[entryDate] == "" && f[entryValueDate] != "" {
		f[entryDate] = f[entryValueDate]
		p.note("no booking date: its value date")
	}
	e.original(p)
	other := e.counterparty(p)
	f[entryParty], f[entryPartyAccount] = other.name, other.account
}

// camtReturns are sub-families of transactions that take back a payment, a direct debit, a cheque or a card payment.
var camtReturns = map[string]bool{"/RRTN": true, "/UPDD": true, "/UPCQ": true, "/UPCT": true}

// codeText is the code of the transaction: the domain's, else the bank's own.
func (p *camtPart) codeText() string { return cmp.Or(strings.Join(p.code[:3], ""), p.code[3]) }

// original sets the amount in the currency that was agreed, where that is not the one of the row.
func (e *camtEntry) original(p *camtPart) {
	for _, m := range []camtMoney{p.instructed, p.amount, p.booked, p.counter} {
		if m.text != "" && m.currency != "" && m.currency != p.fields[entryCurrency] {
			p.fields[entryOriginalAmount], p.fields[entryOriginalCurrency] = m.text, m.currency
			if p.sign == camtDebit {
				p.fields[entryOriginalAmount] = "-" + m.text
			}
			return
		}
	}
}

// counterparty is the debtor of a credit and the creditor of a debit. A reversal keeps the parties of what it takes
// back, so there it is the other one, as wherever it would be the owner of the account.
func (e *camtEntry) counterparty(p *camtPart) camtParty {
	other, own := p.creditor, p.debtor
	if (p.sign == camtCredit) != (e.reversal || p.returned) {
		other, own = own, other
	}
	if account := p.fields[entryAccount]; account != "" && strings.ReplaceAll(other.account, " ", "") == account {
		return own
	}
	return other
}
