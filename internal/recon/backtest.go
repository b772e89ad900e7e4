package recon

import "time"

// DiffKind is what becomes of confirmed groups under another rule set.
type DiffKind string

// The kinds of a change, in the order in which they are listed: what is taken away comes first.
const (
	DiffLost     DiffKind = "LOST"      // confirmed today, and no longer
	DiffRePaired DiffKind = "RE_PAIRED" // rows that are confirmed in both, with other partners
	DiffGained   DiffKind = "GAINED"    // confirmed by the other rule set alone
)

// BackTest is a changed rule set tried on a context's history, and how what it would confirm differs from what is
// confirmed. It is worked on as a run of its own id is, and holds no rows.
type BackTest struct {
	ID           string          `json:"id"`
	Num          int64           `json:"-"`
	ContextID    string          `json:"contextId"`
	Status       RunStatus       `json:"status"`
	From         Day             `json:"from"`
	To           Day             `json:"to"`
	Rules        []Rule          `json:"rules,omitempty" doc:"The whole set that is tried; lists leave it out"`
	RulesHash    string          `json:"rulesHash"`
	Current      bool            `json:"current" doc:"No rule of the context has changed since it read them: it lets its rule set be published"`
	Totals       *BackTestTotals `json:"totals,omitempty"`
	Progress     Progress        `json:"progress"`
	ErrorCode    string          `json:"errorCode,omitempty"`
	ErrorMessage string          `json:"errorMessage,omitempty"`
	CreatedAt    time.Time       `json:"createdAt"`
	CreatedBy    string          `json:"createdBy"`
	StartedAt    *time.Time      `json:"startedAt,omitempty"`
	FinishedAt   *time.Time      `json:"finishedAt,omitempty"`
}

// BackTestTotals is what a back-test found, in figures.
type BackTestTotals struct {
	Rows    SideRows      `json:"rows" doc:"Rows that took part"`
	Groups  DiffGroups    `json:"groups" doc:"Confirmed groups"`
	Entries DiffEntries   `json:"entries" doc:"Changes that are listed, by kind"`
	Left    RowChanges    `json:"left" doc:"Rows of the left side by what becomes of them"`
	Right   RowChanges    `json:"right" doc:"Rows of the right side by what becomes of them"`
	Money   []MoneyChange `json:"money" nullable:"false" doc:"Sums of the absolute amounts of those rows"`
}

// SideRows counts rows of each side.
type SideRows struct {
	Left  int64 `json:"left"`
	Right int64 `json:"right"`
}

// DiffGroups counts groups that are confirmed before, after, and in both with the same rows.
type DiffGroups struct {
	Before    int64 `json:"before"`
	After     int64 `json:"after"`
	Unchanged int64 `json:"unchanged"`
}

// DiffEntries counts changes by kind.
type DiffEntries struct {
	Gained   int64 `json:"gained"`
	Lost     int64 `json:"lost"`
	RePaired int64 `json:"rePaired"`
}

// RowChanges counts rows that are confirmed before or after by what becomes of them.
type RowChanges struct {
	Gained    int64 `json:"gained"`
	Lost      int64 `json:"lost"`
	RePaired  int64 `json:"rePaired"`
	Unchanged int64 `json:"unchanged"`
}

// MoneyChange sums the absolute amounts of a side's rows in one currency by what becomes of them.
type MoneyChange struct {
	Currency  string `json:"currency"`
	Side      Side   `json:"side"`
	Gained    string `json:"gained"`
	Lost      string `json:"lost"`
	RePaired  string `json:"rePaired"`
	Unchanged string `json:"unchanged"`
}

// BackTestEntry is one change with the groups before and after. Of many groups, and of many rows, the first are shown.
type BackTestEntry struct {
	Entry       int64       `json:"entry"`
	Kind        DiffKind    `json:"kind"`
	Before      []DiffGroup `json:"before" nullable:"false"`
	BeforeCount int         `json:"beforeCount"`
	After       []DiffGroup `json:"after" nullable:"false"`
	AfterCount  int         `json:"afterCount"`
}

// DiffGroup is a group of a change. One that is confirmed today has an id.
type DiffGroup struct {
	GroupID    string      `json:"groupId,omitempty"`
	Rule       string      `json:"rule"`
	LeftCount  int         `json:"leftCount"`
	RightCount int         `json:"rightCount"`
	Items      []GroupItem `json:"items" nullable:"false"`
}
