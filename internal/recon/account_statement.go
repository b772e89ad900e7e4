package recon

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// AccountStatement is what a statement of an account states of itself, as an import brought it. + is money that the
// account's owner has.
type AccountStatement struct {
	ID                        int64 // the order in which statements came
	Line                      int64 // of its file
	Account, Number, Currency string
	From, To                  Day // NoDay: not stated
	Opening, Closing          NullMinor
	Entries                   int64 // that are booked
	Moved                     Minor // their sum
}

// Ties reports whether opening + movements = closing; false where a balance is not stated.
func (s *AccountStatement) Ties() bool {
	sum, err := s.Opening.Amount.Add(s.Moved)
	return s.Opening.Set && s.Closing.Set && err == nil && sum == s.Closing.Amount
}

// again reports whether another delivery states the same.
func (s *AccountStatement) again(other *AccountStatement) bool {
	one, two := *s, *other
	one.ID, one.Line, two.ID, two.Line = 0, 0, 0, 0
	return one == two
}

// StatementName is how a person finds a statement.
func StatementName(number, account string) string {
	name := "the statement"
	if number != "" {
		name += " " + number
	}
	if account != "" {
		name += " of " + account
	}
	return name
}

// SameAccount reports whether two numbers are one account: blanks, punctuation and case make no difference.
func SameAccount(a, b string) bool {
	plain := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}
	return strings.Map(plain, a) == strings.Map(plain, b)
}

// StatementLink is how a statement follows the one before it, by amount.
type StatementLink string

// The links.
const (
	LinkFirst    StatementLink = "FIRST"
	LinkFollows  StatementLink = "FOLLOWS"  // it opens with what the one before closes with
	LinkGap      StatementLink = "GAP"      // it opens with another balance: something is missing
	LinkOverlap  StatementLink = "OVERLAP"  // it begins before the one before ends
	LinkRepeated StatementLink = "REPEATED" // it was there already
	LinkUnstated StatementLink = "UNSTATED" // it states no opening balance
)

// ChainedStatement is a statement in its place among those of its account.
type ChainedStatement struct {
	AccountStatement

	Link   StatementLink
	Before *AccountStatement // that it follows, or repeats
}

// ChainStatements puts the statements of one account and currency in order, by day and then by amount, and finds how
// each follows the one before it; those that came again are last. Those without a closing balance are left out.
func ChainStatements(statements []AccountStatement) []ChainedStatement {
	left, repeated := distinct(statements)
	slices.SortFunc(left, func(a, b AccountStatement) int {
		return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.From, b.From), cmp.Compare(a.ID, b.ID))
	})
	chain := make([]ChainedStatement, 0, len(statements))
	var last *AccountStatement
	for len(left) > 0 {
		at := nextOf(left, last)
		next := ChainedStatement{AccountStatement: left[at], Before: last}
		next.Link = next.follow()
		copy(left[1:at+1], left[:at])
		left, chain = left[1:], append(chain, next)
		last = &next.AccountStatement
	}
	return append(chain, repeated...)
}

// distinct parts the statements with a closing balance from those that state the same as an earlier one.
func distinct(statements []AccountStatement) (fresh []AccountStatement, repeated []ChainedStatement) {
	first := map[AccountStatement]*AccountStatement{}
	for _, s := range statements {
		if !s.Closing.Set {
			continue
		}
		plain := s
		plain.ID, plain.Line = 0, 0
		if before := first[plain]; before != nil {
			repeated = append(repeated, ChainedStatement{AccountStatement: s, Before: before, Link: LinkRepeated})
			continue
		}
		first[plain] = &s
		fresh = append(fresh, s)
	}
	return fresh, repeated
}

// nextOf finds, among the statements of the earliest day, the one that goes on from the last one; without a last one,
// one that goes on from none of them.
func nextOf(left []AccountStatement, last *AccountStatement) int {
	day := left
	if at := slices.IndexFunc(left, func(s AccountStatement) bool { return s.To != left[0].To }); at > 0 {
		day = left[:at]
	}
	return max(0, slices.IndexFunc(day, func(s AccountStatement) bool {
		if last != nil {
			return s.Opening == last.Closing
		}
		return !slices.ContainsFunc(day, func(other AccountStatement) bool {
			return other.ID != s.ID && other.Closing == s.Opening
		})
	}))
}

func (s *ChainedStatement) follow() StatementLink {
	switch before := s.Before; {
	case before == nil:
		return LinkFirst
	case !s.Opening.Set:
		return LinkUnstated
	case s.Opening == before.Closing:
		return LinkFollows
	case s.From.Set() && s.From < before.To:
		return LinkOverlap
	}
	return LinkGap
}

// Finding returns what a person should know of how the statement follows; an empty text where all is well.
func (s *ChainedStatement) Finding() (kind FindingKind, text string) {
	name, digits := StatementName(s.Number, s.Account), CurrencyScale(s.Currency)
	switch s.Link {
	case LinkRepeated:
		return FindingNote, name + " came before: its rows are the same"
	case LinkOverlap:
		return FindingNote, fmt.Sprintf("%s begins on %s, before %s ends on %s: rows of both count once", name, s.From,
			StatementName(s.Before.Number, ""), s.Before.To)
	case LinkGap:
		return FindingContinuity, fmt.Sprintf("%s opens with %s, but %s until %s closes with %s: load what is missing "+
			"between them", name, s.Opening.Amount.Decimal(digits), StatementName(s.Before.Number, ""), s.Before.To,
			s.Before.Closing.Amount.Decimal(digits))
	case LinkFollows:
		if skips(s.Before.Number, s.Number) {
			return FindingNote, fmt.Sprintf("%s follows number %s: its balance goes on, so nothing is missing", name,
				s.Before.Number)
		}
	case LinkFirst, LinkUnstated:
	}
	return "", ""
}

// skips reports whether a number is not the next one. Pages keep it, and a year begins with 1.
func skips(before, number string) bool {
	leading := func(text string) (int, error) {
		text, _, _ = strings.Cut(text, "/")
		return strconv.Atoi(text)
	}
	a, errA := leading(before)
	b, errB := leading(number)
	return errA == nil && errB == nil && b != a && b != a+1 && b != 1
}

// GoesOn reports whether the statements of a file begin where the stored ones of the account end, so that none of their
// rows can be one of those: equal rows without an id are further ones. Without that proof they are the same.
func GoesOn(stored, file []AccountStatement) bool {
	chain := ChainStatements(file)
	if len(stored) == 0 || len(chain) != len(file) || len(chain) == 0 {
		return false
	}
	for i := range chain {
		if !chain[i].Ties() || i > 0 && chain[i].Link != LinkFollows {
			return false
		}
	}
	first := chain[0].AccountStatement
	if !first.From.Set() {
		return false
	}
	follows := false
	for i := range stored {
		s := &stored[i]
		switch {
		case s.To > first.From, slices.ContainsFunc(file, func(f AccountStatement) bool { return f.again(s) }):
			return false
		case s.Closing == first.Opening && (s.Opening != first.Opening || s.Number != first.Number):
			follows = true
		case s.Closing.Set && s.To == first.From && !slices.ContainsFunc(stored, func(next AccountStatement) bool {
			return next.ID != s.ID && next.Opening == s.Closing
		}):
			return false // another one ends on that day
		}
	}
	return follows
}

// AccountStatementView is a statement as people read it. Amounts are decimals in its currency.
type AccountStatementView struct {
	ImportID string `json:"importId"`
	Line     int64  `json:"line"` // of its file
	Account  string `json:"account,omitempty"`
	Number   string `json:"number,omitempty"`
	Currency string `json:"currency,omitempty"`
	From     Day    `json:"from"` // null: not stated
	To       Day    `json:"to"`
	Opening  string `json:"opening,omitempty"` // absent: not stated
	Closing  string `json:"closing,omitempty"`
	Entries  int64  `json:"entries"` // that are booked
	Moved    string `json:"moved"`   // their sum
	Ties     bool   `json:"ties"`    // opening + moved = closing, to the minor unit; false where one is not stated
}

// View is the statement as people read it.
func (s *AccountStatement) View(importID string) AccountStatementView {
	digits := CurrencyScale(s.Currency)
	balance := func(b NullMinor) string {
		if !b.Set {
			return ""
		}
		return b.Amount.Decimal(digits)
	}
	return AccountStatementView{
		ImportID: importID, Line: s.Line, Account: s.Account, Number: s.Number, Currency: s.Currency, From: s.From,
		To: s.To, Opening: balance(s.Opening), Closing: balance(s.Closing), Entries: s.Entries,
		Moved: s.Moved.Decimal(digits), Ties: s.Ties(),
	}
}

// SourceBalances are the balances of a source, from the statements that it was given.
type SourceBalances struct {
	SourceID string           `json:"sourceId"`
	Accounts []AccountBalance `json:"accounts"`
}

// AccountBalance is an account in one currency, from the opening of its first statement to the closing of its last one:
// opening + rows + unexplained = closing.
type AccountBalance struct {
	Account     string                 `json:"account,omitempty"`
	Currency    string                 `json:"currency"`
	From        Day                    `json:"from"`
	To          Day                    `json:"to"`
	Opening     string                 `json:"opening"`
	Rows        string                 `json:"rows"` // the sum of the booked rows that came with its statements
	Unexplained string                 `json:"unexplained"`
	Closing     string                 `json:"closing"`
	Statements  []ChainedStatementView `json:"statements"` // in order; those that came again are last
}

// ChainedStatementView is a statement in its place among those of its account.
type ChainedStatementView struct {
	AccountStatementView

	Link    StatementLink `json:"link"`
	Finding string        `json:"finding,omitempty"` // what is not as it should be
}
