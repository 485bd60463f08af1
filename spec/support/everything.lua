--- A namespace that declares every type and limit that a declaration may, for the specs: what no operation of the
--- service needs yet is tried with it. It is declared as any other: one table.
--
-- Owns the declaration, and that it is there only while a spec wants it.

local part = {
  class = "Part", doc = "A part of a thing.",
  fields = {
    { name = "part_size", type = "integer", required = true, doc = "how large" },
    { name = "part_tags", type = "string", list = true, doc = "words" },
    { name = "made_by", type = "string", read_only = true, doc = "the service's" },
  },
}

local thing = {
  class = "Thing", doc = "A thing with parts.",
  fields = {
    { name = "thing_id", type = "guid", read_only = true, doc = "the service's" },
    { name = "full_name", type = "string", not_empty = true, doc = "its name" },
    { name = "main_part", type = part, doc = "the one" },
    { name = "all_parts", type = part, list = true, max_items = 3, doc = "all of them" },
    { name = "any_data", type = "any", doc = "whatever" },
    { name = "open_link", type = "string", secret = true, doc = "opens it" },
  },
}

local values = {
  { name = "some_text", type = "string", max_length = 10, doc = "text" },
  { name = "role_id", type = "id", doc = "an opaque id" },
  { name = "site_guid", type = "guid", doc = "a GUID" },
  { name = "mail_address", type = "email", doc = "an address" },
  { name = "due_date", type = "date", doc = "a date" },
  { name = "item_count", type = "integer", doc = "a whole number" },
  { name = "real_number", type = "number", doc = "a number" },
  { name = "is_done", type = "boolean", doc = "yes or no" },
  { name = "free_form", type = "any", doc = "whatever" },
  { name = "color_name", type = "enum", values = { "RED", "GREEN" }, doc = "a color" },
  { name = "text_list", type = "string", list = true, unique = true, max_items = 4, not_empty = true, doc = "texts" },
  { name = "date_list", type = "date", list = true, doc = "dates" },
  { name = "count_list", type = "integer", list = true, doc = "whole numbers" },
  { name = "flag_list", type = "boolean", list = true, doc = "yes or no, each" },
  { name = "color_list", type = "enum", values = { "RED", "GREEN" }, list = true, doc = "colors" },
  { name = "free_list", type = "any", list = true, doc = "whatever" },
  { name = "plain_parts", type = part, list = true, doc = "parts of no thing" },
  { name = "one_thing", type = thing, doc = "a thing" },
  { name = "many_things", type = thing, list = true, max_items = 3, doc = "things" },
  { name = "a_name_of_more_than_forty_letters_which_lua_keeps_in_another_way", type = "id", doc = "an id" },
  { name = "last_seen", type = "date", read_only = true, doc = "the service's" },
}

local everything = {
  name = "everything",
  doc = "Every type and limit there is.",
  operations = {
    {
      name = "send_all", doc = "Sends all of them.", method = "POST", path = "/everything", effect = "read", context = "account",
      arguments = { fields = values },
      answer = { class = "Everything", doc = "All of them.", fields = values },
      example = "local all, err = wixum.everything.send_all{ some_text = \"text\" }",
    },
    {
      name = "send_needed", doc = "Sends what is needed.", method = "POST", path = "/everything/{thing_guid}/needed",
      effect = "repeatable", context = "account",
      arguments = {
        fields = {
          { name = "thing_guid", type = "guid", required = true, in_path = true, doc = "which" },
          { name = "needed_list", type = "string", list = true, required = true, doc = "needed, may be empty" },
          { name = "needed_flag", type = "boolean", required = true, doc = "needed" },
          { name = "needed_thing", type = thing, required = true, doc = "needed" },
        },
      },
      answer = { class = "Nothing", fields = {} },
      example = "local done, err = wixum.everything.send_needed{}",
    },
  },
}

local names = require "wixum.operations"

local declared = {}

--- Declares it, until `forget`.
function declared.declare()
  package.loaded["wixum.operations.everything"] = everything
  names[#names + 1] = "everything"
end

--- Takes it back.
function declared.forget()
  package.loaded["wixum.operations.everything"] = nil
  for i = #names, 1, -1 do
    if names[i] == "everything" then table.remove(names, i) end
  end
end

return declared
