package recon

import (
	"fmt"
	"slices"
)

// MembersMax bounds an access list: a team, not a directory.
const MembersMax = 500

// AccessList names the callers of a tenant that may see a context, and which of their roles count in it. Without
// members every caller of the tenant may, with all roles.
type AccessList struct {
	Members []Member `json:"members" maxItems:"500" nullable:"false" doc:"Callers that may see the context; with none listed, every caller of the tenant may"`
}

// Member is a caller in an access list.
type Member struct {
	Subject string `json:"subject" minLength:"1" maxLength:"255" doc:"sub of the caller's token"`
	// Roles narrow those of the token; without any all of them count.
	Roles []string `json:"roles,omitempty" maxItems:"7" nullable:"false" enum:"viewer,auditor,preparer,approver,reviewer,controller,configurator" doc:"Which of the token's roles count here; all of them without any"`
}

// StoredAccess is the access list of a context, with the context's version.
type StoredAccess struct {
	ContextID string `json:"contextId"`
	AccessList
	Version int `json:"version"`
}

// Check returns what is wrong with an access list, by JSON pointer.
func (l *AccessList) Check() (faults []FieldError) {
	for i, m := range l.Members {
		same := func(other Member) bool { return other.Subject == m.Subject }
		if slices.ContainsFunc(l.Members[:i], same) {
			faults = append(faults, FieldError{
				Pointer: fmt.Sprintf("/members/%d/subject", i), Code: CodeDuplicate, Message: "is listed twice",
			})
		}
	}
	return faults
}
