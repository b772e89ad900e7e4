package httpapi

import (
	"context"
	"encoding/json"
	"errors"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/systemplane"
)

func (a *API) listSettings(context.Context, *struct{}) (list[systemplane.View], error) {
	return listOf(a.Settings.Views(), ""), nil
}

type settingKey struct {
	Key string `path:"" maxLength:"200"`
}

func (a *API) getSetting(_ context.Context, in *settingKey) (systemplane.View, error) {
	view, known := a.Settings.View(in.Key)
	if !known {
		return view, recon.NotFound("setting")
	}
	return view, nil
}

type putSettingInput struct {
	settingKey
	matched
	Body struct {
		Value any `json:"value" doc:"Of the setting's type; null takes it back to what the environment says"`
	}
}

func (a *API) putSetting(ctx context.Context, in *putSettingInput) (view systemplane.View, err error) {
	text, err := json.Marshal(in.Body.Value)
	if err != nil {
		return view, err
	}
	view, err = a.Settings.Put(ctx, in.Key, text, in.version)
	var bad *systemplane.BadValueError
	switch {
	case errors.Is(err, systemplane.ErrUnknownKey):
		return view, recon.NotFound("setting")
	case errors.Is(err, systemplane.ErrBootOnly):
		return view, recon.Conflict("BOOT_ONLY", "%s", err.Error())
	case errors.As(err, &bad):
		return view, badValue("/value", "", bad.Reason)
	case err != nil:
		return view, err
	}
	a.Log.InfoContext(ctx, "a setting was changed", "key", view.Key, "version", view.Version, "by", view.ChangedBy)
	return view, nil
}

type settingHistoryInput struct {
	settingKey
	Limit  int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many changes at most"`
	Before int `query:"before" minimum:"0" doc:"Only changes to versions below this one"`
}

func (a *API) listSettingHistory(
	ctx context.Context, in *settingHistoryInput,
) (out list[tenancy.SettingChange], err error) {
	if _, known := a.Settings.View(in.Key); !known {
		return out, recon.NotFound("setting")
	}
	changes, err := a.SettingHistory(ctx, in.Key, in.Before, in.Limit)
	return listOf(changes, ""), err
}
