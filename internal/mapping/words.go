package mapping

import (
	"strings"

	"matcher/internal/recon"
)

// directions are the words by which files mark that money went out (true) or came in, folded by foldWord.
var directions = map[string]bool{
	"d": true, "dr": true, "dbit": true, "debit": true, "debet": true, "debito": true, "soll": true, "s": true,
	"af": true, "cargo": true, "out": true, "withdrawal": true, "-": true, "outgoing": true, "debe": true, "saida": true,
	"c": false, "cr": false, "crdt": false, "credit": false, "credito": false, "haben": false, "h": false, "bij": false,
	"abono": false, "in": false, "deposit": false, "+": false, "incoming": false, "haber": false, "entrada": false,
}

// isDebit returns what a direction's word means, and whether it is known.
func isDebit(word string) (debit, known bool) {
	debit, known = directions[foldWord(word)]
	return debit, known
}

// statuses are the words by which files mark whether a row is booked, folded by foldWord.
var statuses = map[string]string{
	"book": recon.Booked, "booked": recon.Booked, "posted": recon.Booked, "settled": recon.Booked,
	"cleared": recon.Booked, "complete": recon.Booked, "completed": recon.Booked, "done": recon.Booked,
	"succeeded": recon.Booked, "success": recon.Booked, "paid": recon.Booked, "available": recon.Booked,
	"gebucht": recon.Booked, "comptabilise": recon.Booked, "efetivado": recon.Booked, "contabilizado": recon.Booked,
	"geboekt": recon.Booked, "umsatz gebucht": recon.Booked,
	"pdng": recon.Pending, "pending": recon.Pending, "vorgemerkt": recon.Pending, "umsatz vorgemerkt": recon.Pending,
	"en attente": recon.Pending, "pendente": recon.Pending, "pendiente": recon.Pending, "authorised": recon.Pending,
	"authorized": recon.Pending, "processing": recon.Pending, "scheduled": recon.Pending, "in afwachting": recon.Pending,
}

func bookingStatus(word string) (string, bool) {
	if word == "" {
		return recon.Booked, true
	}
	status, known := statuses[foldWord(word)]
	return status, known
}

// foldWord makes words comparable: lower case, no accents, no dot or space around.
func foldWord(word string) string {
	return strings.ToLower(foldAccents(strings.Trim(word, " .")))
}
