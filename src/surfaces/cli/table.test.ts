import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellWidth, cutToWidth } from "./cell-width.ts";
import { printableJson, printableLine, printableText } from "./printable.ts";
import { renderTable } from "./table.ts";

describe("the width of a cell", () => {
  it.each([
    ["", 0],
    ["Ada", 3],
    ["Ñandú", 5],
    ["n\u0303", 1],
    ["東京", 4],
    ["ｶﾅ", 2],
    ["한국어", 6],
    ["👩‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["❤️", 2],
    ["→", 1],
    ["a\u200bb", 2],
    ["\u{20000}", 2],
  ])("of %j is %i", (text, width) => {
    expect(cellWidth(text)).toBe(width);
  });

  it("is never more than asked for after cutting, and what fits is not cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 12 }), (text, width) => {
        const cut = cutToWidth(text, width);
        expect(cellWidth(cut)).toBeLessThanOrEqual(width);
        if (cellWidth(text) <= width) expect(cut).toBe(text);
      }),
    );
  });
});

describe("a table", () => {
  it("lines up columns, also of wide signs, and sets numbers flush right", () => {
    const rows = [
      ["1", "東京", "x"],
      ["10", "Ada", undefined],
    ];
    expect(renderTable(["id", "name", ""], rows, { right: new Set([0]) })).toBe(
      ["id  name", "──  ────  ─", " 1  東京  x", "10  Ada", ""].join("\n"),
    );
  });

  it("cuts the widest columns to fit the terminal, and no column to nothing", () => {
    const text = renderTable(["id", "long", "longer"], [["1", "a".repeat(40), "b".repeat(100)]], { width: 60 });
    for (const line of text.trimEnd().split("\n")) expect(cellWidth(line)).toBeLessThanOrEqual(60);
    expect(text).toContain("…");
    const narrow = renderTable(["a", "b", "c"], [["x".repeat(20), "y".repeat(20), "z".repeat(20)]], { width: 5 });
    expect(narrow.split("\n")[2]).toBe("xxxxxxx…  yyyyyyy…  zzzzzzz…");
  });

  it("cuts nothing where no width is known", () => {
    expect(renderTable(["a"], [["x".repeat(500)]])).toContain("x".repeat(500));
  });

  it("keeps one line for each row, whatever the cells hold", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 5 }), (cells) => {
        const lines = renderTable(
          ["a"],
          cells.map((cell) => [cell]),
          { width: 40 },
        ).split("\n");
        expect(lines).toHaveLength(cells.length + 3);
      }),
    );
  });

  it("paints titles without counting the paint", () => {
    const text = renderTable(["a", "b"], [["xx", "y"]], { paintTitle: (title) => `<${title}>` });
    expect(text).toBe("<a>   <b>\n──  ─\nxx  y\n");
  });
});

describe("what a terminal would obey", () => {
  const hostile = "a\u001b[31mred\u0007\u009b2J\u202eevil\r\n\tend";

  it("is escaped", () => {
    expect(printableLine(hostile)).toBe("a\\u001b[31mred\\u0007\\u009b2J\\u202eevil\\r\\n\\tend");
    expect(printableText(hostile)).toBe("a\\u001b[31mred\\u0007\\u009b2J\\u202eevil\\r\n\tend");
  });

  it("is escaped in JSON so that it stays the same JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = printableJson(JSON.stringify({ text }));
        expect(JSON.parse(shown)).toEqual({ text });
        expect(shown).not.toMatch(/[\u007f-\u009f\u202e]/);
      }),
    );
  });
});
