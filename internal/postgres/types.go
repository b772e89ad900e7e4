package postgres

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// registerTypes prepares the types of a connection, once: instants are read in UTC, and a recon.Day is a date, NULL
// where it is not set.
func registerTypes(types *pgtype.Map) {
	instant, _ := types.TypeForOID(pgtype.TimestamptzOID)
	if codec, ok := instant.Codec.(*pgtype.TimestamptzCodec); ok && codec.ScanLocation != nil {
		return
	}
	types.RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	types.TryWrapScanPlanFuncs = append([]pgtype.TryWrapScanPlanFunc{
		func(target any) (pgtype.WrappedScanPlanNextSetter, any, bool) {
			_, ok := target.(*recon.Day)
			return &dayScanPlan{}, &pgtype.Date{}, ok
		},
	}, types.TryWrapScanPlanFuncs...)
	types.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{
		func(value any) (pgtype.WrappedEncodePlanNextSetter, any, bool) {
			_, ok := value.(recon.Day)
			return &dayEncodePlan{}, pgtype.Date{}, ok
		},
	}, types.TryWrapEncodePlanFuncs...)
}

type dayScanPlan struct{ next pgtype.ScanPlan }

func (p *dayScanPlan) SetNext(next pgtype.ScanPlan) { p.next = next }

func (p *dayScanPlan) Scan(src []byte, target any) error {
	var date pgtype.Date
	err := p.next.Scan(src, &date)
	day := target.(*recon.Day) //nolint:forcetypeassert // the plan is made for this type alone
	*day = recon.NoDay
	if date.Valid {
		*day = recon.DayOf(date.Time)
	}
	return err
}

type dayEncodePlan struct{ next pgtype.EncodePlan }

func (p *dayEncodePlan) SetNext(next pgtype.EncodePlan) { p.next = next }

func (p *dayEncodePlan) Encode(value any, to []byte) ([]byte, error) {
	day := value.(recon.Day) //nolint:forcetypeassert // the plan is made for this type alone
	return p.next.Encode(pgtype.Date{Time: day.Time(), Valid: day.Set()}, to)
}
