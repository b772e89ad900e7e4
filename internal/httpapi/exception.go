package httpapi

import (
	"context"
	"fmt"

	"matcher/internal/postgres"
	"matcher/internal/predicate"
	"matcher/internal/recon"
)

// exceptionFilter is what exceptions are narrowed by, in a query and in a bulk command.
type exceptionFilter struct {
	ContextID  string                 `query:"contextId" json:"contextId,omitempty" maxLength:"36"`
	Status     string                 `query:"status" json:"status,omitempty" enum:"UNRESOLVED,OPEN,IN_PROGRESS,WAITING,REOPENED,RESOLVED"`
	Class      textOf[recon.Class]    `query:"class" json:"class,omitempty"`
	Reason     textOf[recon.Reason]   `query:"reason" json:"reason,omitempty" doc:"As exceptions carry it"`
	Severity   textOf[recon.Severity] `query:"severity" json:"severity,omitempty"`
	Side       string                 `query:"side" json:"side,omitempty" enum:"LEFT,RIGHT"`
	SourceID   string                 `query:"sourceId" json:"sourceId,omitempty" maxLength:"36"`
	Currency   string                 `query:"currency" json:"currency,omitempty" maxLength:"3"`
	MinAmount  string                 `query:"minAmount" json:"minAmount,omitempty" maxLength:"40" doc:"The smallest size of the amount, in the currency that the same request names"`
	MaxAmount  string                 `query:"maxAmount" json:"maxAmount,omitempty" maxLength:"40"`
	From       string                 `query:"from" json:"from,omitempty" format:"date" doc:"Booked on this day or later"`
	To         string                 `query:"to" json:"to,omitempty" format:"date"`
	MinAge     int                    `query:"minAgeDays" json:"minAgeDays,omitempty" minimum:"0" maximum:"36500" doc:"Only rows booked at least so many days ago"`
	DueBy      string                 `query:"dueBy" json:"dueBy,omitempty" format:"date"`
	Assignee   string                 `query:"assignee" json:"assignee,omitempty" maxLength:"200"`
	Unassigned string                 `query:"unassigned" json:"unassigned,omitempty" enum:"true"`
	Resolution string                 `query:"resolution" json:"resolution,omitempty" maxLength:"40"`
	Text       string                 `query:"text" json:"text,omitempty" maxLength:"200" doc:"In reference, description, external id or metadata"`
	Queue      string                 `query:"queue" json:"queue,omitempty" enum:"true" doc:"Only what waits for a person now: unresolved, and neither snoozed nor asked of another one"`
}

// filter reads the days, which the schema let pass.
func (f *exceptionFilter) filter() (out recon.ExceptionFilter, err error) {
	out = recon.ExceptionFilter{
		ContextID: f.ContextID, Status: f.Status, Class: valueOf(f.Class), Reason: valueOf(f.Reason),
		Severity: valueOf(f.Severity), Side: recon.Side(f.Side), SourceID: f.SourceID, Currency: f.Currency,
		MinAmount: f.MinAmount, MaxAmount: f.MaxAmount, MinAgeDays: f.MinAge, Assignee: f.Assignee,
		Unassigned: f.Unassigned != "", Resolution: f.Resolution, Text: f.Text, Queue: f.Queue != "",
	}
	for _, day := range []struct {
		to   *recon.Day
		text string
	}{{&out.From, f.From}, {&out.To, f.To}, {&out.DueBy, f.DueBy}} {
		if day.text == "" {
			continue
		}
		if *day.to, err = recon.ParseDay(day.text); err != nil {
			return out, recon.Invalid(recon.CodeInvalidValue, "%v", err)
		}
	}
	return out, nil
}

type exceptionsInput struct {
	paged
	exceptionFilter
	Sort string `query:"sort" enum:"amount,-amount,age,-age,due,-due,severity,-severity" doc:"Of the exceptions of a context, by the size of the amount, age, due day or severity; - begins with the most"`
}

func listExceptions(ctx context.Context, tx *postgres.Tx, in *exceptionsInput) ([]recon.Exception, string, error) {
	filter, err := in.filter()
	if err == nil && in.Sort != "" && in.ContextID == "" {
		err = recon.Invalid(recon.CodeInvalidValue, "sort orders the exceptions of one context: name it as contextId")
	}
	if err != nil {
		return nil, "", err
	}
	return tx.Exceptions(ctx, filter, in.Sort, in.page())
}

type exceptionSummaryInput struct {
	pathID
	exceptionFilter
}

func summariseExceptions(
	ctx context.Context, tx *postgres.Tx, in *exceptionSummaryInput,
) (out recon.ExceptionSummary, err error) {
	filter, err := in.filter()
	if err != nil {
		return out, err
	}
	if filter.ContextID != "" && filter.ContextID != in.ID {
		return out, recon.Invalid(recon.CodeInvalidValue, "contextId is another context than the path's: leave it out")
	}
	filter.ContextID = in.ID
	return tx.ExceptionSummary(ctx, filter)
}

type putPolicyInput struct {
	pathID
	matched
	Body recon.ExceptionPolicy
}

func putExceptionPolicy(
	ctx context.Context, tx *postgres.Tx, in *putPolicyInput,
) (out postgres.StoredPolicy, err error) {
	faults := in.Body.Check()
	for i, rule := range in.Body.Assignment {
		if rule.When == "" {
			continue
		}
		if _, err := predicate.CompileOpen(rule.When); err != nil {
			faults = append(faults, recon.FieldError{
				Pointer: fmt.Sprintf("/assignment/%d/when", i), Code: recon.CodeInvalidValue, Message: err.Error(),
			})
		}
	}
	if err := check(faults); err != nil {
		return out, err
	}
	return tx.PutExceptionPolicy(ctx, in.ID, in.version, in.Body)
}
