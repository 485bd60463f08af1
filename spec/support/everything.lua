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

local choice = {
  class = "Choice", doc = "One of two things.", one_of = true,
  fields = {
    { name = "this_part", type = part, doc = "a part" },
    { name = "that_name", type = "string", doc = "or a name" },
  },
}

local named_part = {
  class = "NamedPart", doc = "A part with a name of its own.",
  fields = {
    { name = "part_name", type = "string", required = true, doc = "no other has it" },
    { name = "part_number", type = "id", doc = "others may have it" },
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
  { name = "one_choice", type = choice, doc = "this or that" },
  { name = "choice_list", type = choice, list = true, doc = "this or that, each" },
  { name = "named_parts", type = named_part, list = true, unique_by = "part_name", doc = "parts with names" },
  { name = "small_count", type = "integer", min = 1, max = 10, doc = "a small whole number" },
  { name = "small_number", type = "number", min = -0.5, max = 0.5, doc = "a small number" },
  { name = "small_counts", type = "integer", list = true, min = 0, doc = "whole numbers, none below zero" },
  { name = "a_name_of_more_than_forty_letters_which_lua_keeps_in_another_way", type = "id", doc = "an id" },
  { name = "last_seen", type = "date", read_only = true, doc = "the service's" },
}

local query_filter = {
  class = "QueryFilter", doc = "What is asked for.",
  fields = {
    { name = "role_ids", type = "id", list = true, doc = "ids" },
    { name = "color_name", type = "enum", values = { "RED", "GREEN" }, doc = "a color" },
    { name = "deep_part", type = part, doc = "a part" },
  },
}

-- What a GET takes: all of it stands in its path and in its query.
local query_values = {
  { name = "thing_guid", type = "guid", required = true, in_path = true, doc = "which" },
  { name = "some_text", type = "string", doc = "text" },
  { name = "text_list", type = "string", list = true, doc = "texts" },
  { name = "item_count", type = "integer", doc = "a whole number" },
  { name = "real_number", type = "number", doc = "a number" },
  { name = "is_done", type = "boolean", doc = "yes or no" },
  { name = "query_filter", type = query_filter, doc = "what is asked for" },
}

local nothing = { class = "Nothing", doc = "Nothing.", fields = {} }

local function sends(name, method, path, effect, fields)
  return {
    name = name, doc = "Sends by " .. method .. ".", method = method, path = path, effect = effect, context = "site",
    arguments = { fields = fields }, answer = nothing,
    example = "local done, err = wixum.everything." .. name .. "{}",
  }
end

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
      answer = nothing,
      example = "local done, err = wixum.everything.send_needed{}",
    },
    sends("send_query", "GET", "/everything/{thing_guid}/query", "read", query_values),
    sends("send_nothing", "GET", "/everything", "read", {}),
    sends("send_put", "PUT", "/everything/{thing_guid}", "repeatable", query_values),
    sends("send_patch", "PATCH", "/everything/{thing_guid}", "adds", query_values),
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
