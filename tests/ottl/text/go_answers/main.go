// Writes what Go, and the libraries that the reference engine uses, answer to random questions: one JSON value a line.
//
//	go run . regex 1200 > regex.jsonl
//	go run . sprintf 700 > sprintf.jsonl
//	go run . glob 400 > glob.jsonl
//	go run . case 300 > case.jsonl
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/gobwas/glob"
	"github.com/iancoleman/strcase"
)

var (
	out = json.NewEncoder(os.Stdout)
	r   = rand.New(rand.NewSource(7))
)

func main() {
	out.SetEscapeHTML(false)
	lists := map[string]func(){"regex": regexCase, "sprintf": sprintfCase, "glob": globCase, "case": caseCase}
	count, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	for i := 0; i < count; i++ {
		lists[os.Args[1]]()
	}
}

func pick(of ...string) string { return of[r.Intn(len(of))] }

func several(most int, of ...string) string {
	var b strings.Builder
	for k := r.Intn(most); k >= 0; k-- {
		b.WriteString(pick(of...))
	}
	return b.String()
}

// ------------------------------------------------------------------------------------------------------------ regex

func regexCase() {
	p := pattern(2)
	if r.Intn(6) == 0 {
		p = "(?" + pick("i", "s", "m", "U", "im", "is", "ms") + ")" + p
	}
	text := several(12, "a", "b", "c", "A", "K", "s", "_", "1", " ", "\n", "-", ".", "é", "ſ", "K", "😀", "\U00010080", "日", "\r",
		"aab", "abc", "foo")
	re, err := regexp.Compile(p)
	if err != nil {
		out.Encode(map[string]any{"pattern": p, "invalid": true})
		return
	}
	found := [][]any{}
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		row := []any{m[0]}
		for g := 0; g < len(m); g += 2 {
			if m[g] < 0 {
				row = append(row, nil)
			} else {
				row = append(row, text[m[g]:m[g+1]])
			}
		}
		found = append(found, row)
	}
	out.Encode(map[string]any{
		"pattern": p, "text": text, "found": found, "replaced": re.ReplaceAllString(text, "<$0|${1}$2>"),
	})
}

func pattern(depth int) string {
	if depth == 0 {
		return atom(0)
	}
	var b strings.Builder
	for k := r.Intn(4); k >= 0; k-- {
		if k > 0 && r.Intn(7) == 0 {
			b.WriteString("|")
			continue
		}
		b.WriteString(atom(depth))
		if r.Intn(3) == 0 {
			b.WriteString(pick("*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}"))
		}
	}
	return b.String()
}

func atom(depth int) string {
	if depth > 0 {
		switch r.Intn(8) {
		case 0:
			return "(" + pattern(depth-1) + ")"
		case 1:
			return "(?:" + pattern(depth-1) + ")"
		case 2:
			return "(?" + pick("i", "s", "m", "U", "-i", "i-s") + ":" + pattern(depth-1) + ")"
		case 3:
			return "(?P<n" + strconv.Itoa(r.Intn(9)) + ">" + pattern(depth-1) + ")"
		}
	}
	return pick("a", "b", "c", "a", "b", "foo", "ab", "k", "S", ".", ".", "[a-c]", "[^a]", `[^\n]`, `\d`, `\w`, `\s`,
		`\D`, `\W`, `\S`, `\b`, `\B`, "^", "$", `\A`, `\z`, "[[:alpha:]]", "[[:^upper:]]", `[\w-]`, `[^\s.]`, `\.`, `\x61`,
		`\x{e9}`, "é", "日", `\pL`, `\p{Greek}`, `\Qa.b\E`, "[]a]", `[a\]-]`, `\141`, `\n`, "[k-s]", "😀", "[^😀]", "[é-😀]", `\-`, `\C`, "a**")
}

// ---------------------------------------------------------------------------------------------------------- sprintf

var (
	floats = []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 2.5, 3.5, 1e20, 1e21, 1.5e21, 123456789, 1e6, 999999, 1e-4,
		1e-5, 1.5e-7, 1e100, 5e-324, math.MaxFloat64, 99.995, 0.5, 1.5, 12345.678, math.NaN(), math.Inf(1), math.Inf(-1)}
	ints    = []int64{0, 1, -1, 7, -255, 233, 26085, 128512, math.MaxInt64, math.MinInt64, 5, 3, 55555, 2}
	strs    = []string{"", "a", "hi", "é日", "a\"b`c", "a\nb", "\x00\x7f", "naïve café", "😀x", "\u00a0"}
	byteses = []string{"", "a", "\x01\xff", "hello", "é"}
)

func sprintfCase() {
	format := pick("", "", " x", "é", "%%")
	for k := r.Intn(3); k >= 0; k-- {
		format += "%"
		for q := r.Intn(3); q > 0; q-- {
			format += pick("-", "+", "#", "0", " ")
		}
		if r.Intn(12) == 0 {
			format += pick("[1]", "[2]", "[3]", "[0]", "[x]", "[")
		}
		if r.Intn(3) == 0 {
			format += pick("1", "4", "8", "12", "*", "20")
		}
		if r.Intn(3) == 0 {
			format += pick(".", ".0", ".1", ".2", ".3", ".5", ".10", ".20", ".*")
		}
		format += pick("v", "s", "d", "f", "e", "g", "t", "x", "X", "q", "c", "b", "o", "O", "U", "E", "G", "F", "z", "T",
			"%", "v", "d", "s") + pick("", " ", "|")
	}
	args, written := []any{}, []any{}
	for k := r.Intn(4); k > 0; k-- {
		arg, text := argument()
		args, written = append(args, arg), append(written, text)
	}
	want := base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf(format, args...)))
	out.Encode(map[string]any{"format": format, "args": written, "want": want})
}

// argument gives one, and how the test reads it.
func argument() (any, any) {
	switch r.Intn(9) {
	case 0:
		v := pick(strs...)
		return v, []any{"string", v}
	case 1, 2:
		v := ints[r.Intn(len(ints))]
		return v, []any{"int", strconv.FormatInt(v, 10)}
	case 3, 4:
		v := floats[r.Intn(len(floats))]
		if r.Intn(3) == 0 {
			v = math.Float64frombits(r.Uint64())
		}
		return v, []any{"float bits", strconv.FormatUint(math.Float64bits(v), 10)}
	case 5:
		v := r.Intn(2) == 0
		return v, []any{"bool", v}
	case 6:
		v := []byte(pick(byteses...))
		return v, []any{"bytes", base64.StdEncoding.EncodeToString(v)}
	case 7:
		return nil, []any{"nil"}
	}
	return []any{int64(1), "a", nil, 2.5, true}, []any{"list"}
}

// ------------------------------------------------------------------------------------------------------------- glob

func globCase() {
	p := several(7, "a", "b", "c", "*", "*", "**", "?", "[abc]", "[a-c]", "[!a-c]", "[!b]", "{a,b}", "{ab,c*}", "{a,{b,c}}",
		`\*`, `\a`, "é", "/", ".", "[é-ü]", "]", ",", "!", "-", "😀", "[a-]", "[a", "[]")
	g, err := glob.Compile(p)
	if err != nil {
		out.Encode(map[string]any{"pattern": p, "invalid": true})
		return
	}
	texts := map[string]bool{}
	for t := 0; t < 5; t++ {
		text := several(7, "a", "b", "c", "ab", "é", "/", "*", "d", "😀", "\n", ",", "]")
		texts[text] = g.Match(text)
	}
	out.Encode(map[string]any{"pattern": p, "texts": texts})
}

// ------------------------------------------------------------------------------------------------------------- case

func caseCase() {
	text := several(9, "a", "bc", "A", "BC", "1", "23", " ", "_", "-", ".", "é", "É", "/", "JSON", "ß", "ﬁ", "ᾳ", "İ", "Σ",
		"ǆ", "日", "😀", "\u00a0", "\t", "\u0085")
	out.Encode(map[string]any{
		"text": text, "snake": strcase.ToSnake(text), "camel": strcase.ToCamel(text), "upper": strings.ToUpper(text),
		"lower": strings.ToLower(text),
	})
}
