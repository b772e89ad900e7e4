package recon

import (
	"maps"
	"strings"
)

// NoCurrency is ISO 4217's "no currency": what a file without any currency is in. Matcher gives it two decimals,
// because such files are bookkeeping in some unnamed money.
const NoCurrency = "XXX"

const digitsDefault = 2

// currencyOtherDigits lists the active ISO 4217 codes (list one, 2026) whose minor unit is not two digits.
var currencyOtherDigits = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
	"UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// currencyTwoDigits lists the other active codes, and the few retired ones (BGN, HRK, ANG, CUC, SLL, ZWL) that files of
// past years still carry.
const currencyTwoDigits = `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN
BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR
MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE
SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG XXX YER ZAR ZMW
ZWG ZWL`

// currencyDigits is every known code with its number of decimals.
var currencyDigits = func() map[string]int {
	digits := maps.Clone(currencyOtherDigits)
	for code := range strings.FieldsSeq(currencyTwoDigits) {
		digits[code] = digitsDefault
	}
	return digits
}()

// CurrencyDigits is the number of decimals of an ISO 4217 code, and whether the code is known. Codes are upper case.
func CurrencyDigits(code string) (int, bool) {
	digits, ok := currencyDigits[code]
	return digits, ok
}

// CurrencyScale returns the number of decimals of a currency, that of NoCurrency for an unknown one.
func CurrencyScale(code string) int {
	if digits, known := CurrencyDigits(code); known {
		return digits
	}
	digits, _ := CurrencyDigits(NoCurrency)
	return digits
}
