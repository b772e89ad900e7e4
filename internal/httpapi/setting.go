package httpapi

import (
	"context"
	"encoding/json"
	"errors"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/systemplane"
)

func (a *API) listSettings(context.Context, *struct{}) (*list[systemplane.View], error) {
	return listOf(a.Settings.Views(), ""), nil
}

// SettingPath names the setting that a path is about.
type SettingPath struct {
	Key string `path:"key" maxLength:"200"`
}

func (a *API) getSetting(_ context.Context, in *SettingPath) (*one[systemplane.View], error) {
	view, known := a.Settings.View(in.Key)
	if !known {
		return nil, recon.NotFound("setting")
	}
	return &one[systemplane.View]{ETag: entityTag(view.Version), Body: view}, nil
}

type putSettingInput struct {
	SettingPath
	Matched
	Body struct {
		Value any `json:"value" doc:"Of the setting's type; null takes it back to what the environment says"`
	}
}

func (a *API) putSetting(ctx context.Context, in *putSettingInput) (*one[systemplane.View], error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(in.Body.Value)
	if err != nil {
		return nil, err
	}
	view, err := a.Settings.Put(ctx, in.Key, text, version)
	var bad *systemplane.BadValueError
	switch {
	case errors.Is(err, systemplane.ErrUnknownKey):
		return nil, recon.NotFound("setting")
	case errors.Is(err, systemplane.ErrBootOnly):
		return nil, recon.Conflict("BOOT_ONLY", "%s", err.Error())
	case errors.As(err, &bad):
		return nil, recon.Unprocessable("VALIDATION_FAILED", "some values cannot be used",
			recon.FieldError{Pointer: "/value", Message: bad.Reason})
	case err != nil:
		return nil, err
	}
	a.Log.InfoContext(ctx, "a setting was changed", "key", view.Key, "version", view.Version, "by", view.ChangedBy)
	return &one[systemplane.View]{ETag: entityTag(view.Version), Body: view}, nil
}

type settingHistoryInput struct {
	SettingPath
	Limit  int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many changes at most"`
	Before int `query:"before" minimum:"0" doc:"Only changes to versions below this one"`
}

func (a *API) listSettingHistory(ctx context.Context, in *settingHistoryInput) (*list[tenancy.SettingChange], error) {
	if _, known := a.Settings.View(in.Key); !known {
		return nil, recon.NotFound("setting")
	}
	changes, err := a.SettingHistory(ctx, in.Key, in.Before, in.Limit)
	return listOf(changes, ""), err
}
